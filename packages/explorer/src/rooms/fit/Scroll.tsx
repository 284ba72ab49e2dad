import type { ComponentChildren } from "preact";

/** What may be wider than its place: it scrolls, by keys too. */
export const Scroll = ({ label, children }: { label: string; children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what may scroll must be reached by keyboard
  <section class="scroll" tabIndex={0} aria-label={label}>
    {children}
  </section>
);
