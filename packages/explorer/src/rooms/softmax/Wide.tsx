import type { ComponentChildren } from "preact";

/**
 * A box that scrolls if its content is wider than the page. The box can take the focus, so that the arrow keys scroll
 * it.
 */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys scroll it
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
