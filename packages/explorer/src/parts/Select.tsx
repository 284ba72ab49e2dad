import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { focusPage } from "../page/keys.ts";

interface Props {
  /** The name for screen readers. */
  readonly label: string;
  readonly value: string | number;
  readonly onChoose: (value: string) => void;
  /** The options. */
  readonly children: ComponentChildren;
}

/**
 * A menu of options. A choice from the open menu moves the focus to the page, so that the keys of the page work again. A
 * choice with ↑ and ↓ in the closed menu keeps the focus, so that the reader can continue to browse.
 */
export function Select({ label, value, onChoose, children }: Props) {
  const isBrowsing = useRef(false);
  return (
    <select
      class="button"
      aria-label={label}
      value={value}
      onPointerDown={() => {
        isBrowsing.current = false;
      }}
      onKeyDown={({ key, altKey }) => {
        isBrowsing.current = !altKey && key !== " " && key !== "Enter" && key !== "F4"; // these keys open the menu
      }}
      onChange={({ currentTarget }) => {
        onChoose(currentTarget.value);
        if (!isBrowsing.current) focusPage();
      }}
    >
      {children}
    </select>
  );
}
