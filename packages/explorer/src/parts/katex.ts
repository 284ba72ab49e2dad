import "katex/dist/katex.min.css";
import katex from "katex";

/** Renders a TeX formula to HTML. KaTeX's `trust` option is off, so a formula cannot add links or load files. */
export function draw(tex: string, element: HTMLElement, displayMode: boolean): void {
  katex.render(tex, element, {
    displayMode,
    throwOnError: false,
    trust: false,
    strict: false,
    output: "htmlAndMathml",
  });
}
