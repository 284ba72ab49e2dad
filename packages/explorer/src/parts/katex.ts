import "katex/dist/katex.min.css";
import katex from "katex";

/** Draws without evaluating or fetching anything: commands that link or load are not trusted. */
export function draw(tex: string, element: HTMLElement, displayMode: boolean): void {
  katex.render(tex, element, {
    displayMode,
    throwOnError: false,
    trust: false,
    strict: false,
    output: "htmlAndMathml",
  });
}
