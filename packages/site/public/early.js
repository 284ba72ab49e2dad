// Sets the color scheme before the first paint. It is the scheme that the user chose on the site or in the explorer.
try {
  const scheme = localStorage.getItem("wengert-scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // The browser denies storage.
}
document.documentElement.classList.add("scripted");
