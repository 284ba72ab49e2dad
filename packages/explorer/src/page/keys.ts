import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/**
 * A keyboard shortcut, its description and its action. `key` is the `key` of KeyboardEvent, after a prefix for
 * modifiers such as `Shift+`.
 */
export interface Key {
  readonly key: string;
  readonly does: string;
  readonly run: () => void;
}

/** The active keyboard shortcuts, which the list of shortcuts shows. */
export const keysInUse = signal<readonly (readonly Key[])[]>([]);

/**
 * A hook that binds keyboard shortcuts while a component is mounted. If the focused element uses a key itself, the
 * shortcut of this key is ignored.
 */
export function useKeys(keys: readonly Key[]): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    keysInUse.value = [...keysInUse.peek(), current.current];
    const own = keysInUse.peek().at(-1)!;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || takesKeys(event)) return;
      const pressed = event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
      const found = current.current.find(({ key }) => key === pressed);
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    addEventListener("keydown", listen);
    return () => {
      removeEventListener("keydown", listen);
      keysInUse.value = keysInUse.peek().filter((each) => each !== own);
    };
  }, []);
}

/** Moves the keyboard focus to the page, so that its keyboard shortcuts work. */
export const focusPage = (): void => document.getElementById("room")?.focus({ preventScroll: true });

/** Focuses the page that a link has just opened, and scrolls to its top. */
export const startAtTop = (): void =>
  void setTimeout(() => {
    focusPage();
    scrollTo(0, 0);
  });

/**
 * Returns whether the focused element uses a key itself, so that the shortcut of the key is ignored. Text fields use
 * all keys. Menus use all keys except ← and →. Sliders and elements with `data-takes-arrows` use the arrow keys.
 */
function takesKeys({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (document.querySelector("dialog[open]")) return true;
  if (target.isContentEditable || target.matches("input:not([type=range]), textarea")) return true;
  if (target.matches("select")) return key !== "ArrowLeft" && key !== "ArrowRight";
  const moved = /^(Arrow|Home|End|Page)/.test(key);
  if (moved && target.closest("[data-takes-arrows], input[type=range]")) return true;
  return (key === " " || key === "Enter") && target.closest("button, a, summary, [role=button]") !== null;
}
