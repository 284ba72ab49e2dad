import { computed, effect, signal } from "@preact/signals";

export type Scheme = "system" | "light" | "dark";
const key = "wengert-scheme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(system.matches);
system.addEventListener("change", ({ matches }) => {
  systemIsDark.value = matches;
});

/**
 * The color scheme, light or dark. The color scheme is a preference of the user, so it is stored in the browser and not
 * in the URL.
 */
export const scheme = signal<Scheme>(remembered());
export const isDark = computed(() => (scheme.value === "system" ? systemIsDark.value : scheme.value === "dark"));

effect(() => {
  document.documentElement.dataset.scheme = isDark.value ? "dark" : "light";
  try {
    localStorage.setItem(key, scheme.value);
  } catch {
    // If the browser denies storage, a reload resets the color scheme.
  }
});

function remembered(): Scheme {
  try {
    const found = localStorage.getItem(key);
    return found === "light" || found === "dark" ? found : "system";
  } catch {
    return "system";
  }
}
