// Before anything is painted: the colors that the reader has chosen, here or in the explorer.
try {
  const scheme = localStorage.getItem("wengert-scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // a browser that keeps nothing
}
document.documentElement.classList.add("scripted");
