import "katex/dist/katex.min.css";
import katex from "katex";

/** Draws a formula without evaluating or fetching anything: KaTeX does not trust commands that link or load. */
export function draw(tex: string, element: HTMLElement, displayMode: boolean): void {
  katex.render(tex, element, {
    displayMode,
    throwOnError: false,
    trust: false,
    strict: false,
    output: "htmlAndMathml",
  });
}
