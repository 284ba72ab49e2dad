import { isDark, scheme } from "../page/scheme.ts";

/** A button that switches the page between light and dark colors. */
export function SchemeButton() {
  const next = isDark.value ? "light" : "dark";
  return (
    <button
      type="button"
      class="button quiet"
      aria-label={`Switch to ${next} colors`}
      title={`Switch to ${next} colors`}
      onClick={() => {
        scheme.value = next;
      }}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6" />
        <path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" fill="currentColor" />
      </svg>
    </button>
  );
}
