// Applies the color scheme that the reader chose here or in the explorer, before the first paint.
try {
  const scheme = localStorage.getItem("wengert-scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // no storage in this browser
}
document.documentElement.classList.add("scripted");
