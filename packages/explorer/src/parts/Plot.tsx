import type { PlotOptions } from "@observablehq/plot";
import { useEffect, useRef } from "preact/hooks";
import type { marks } from "./marks.ts";

interface Props {
  /** A description for screen readers. */
  readonly label: string;
  /**
   * A function that returns the plot options. The argument of this function is the module of Observable Plot's
   * functions, which is loaded on demand.
   */
  readonly options: (plot: Marks, width: number) => PlotOptions;
}
export type Marks = typeof marks;

/**
 * Shows a plot by Observable Plot and redraws it when `options` changes. Memoize `options`, or define it outside the
 * component.
 */
export function Plot({ label, options }: Props) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = element.current!;
    let isCurrent = true;
    const draw = async () => {
      const { marks: plot } = await import("./marks.ts");
      if (!isCurrent) return;
      const width = box.clientWidth || 320;
      const style = {
        background: "transparent",
        color: "var(--ink)",
        fontFamily: "var(--font-text)",
        fontSize: "12px",
      };
      const picture = plot.plot({ width, style, ...options(plot, width) });
      picture.setAttribute("aria-hidden", "true"); // the label of the surrounding box describes the plot
      box.replaceChildren(picture);
    };
    const observer = new ResizeObserver(() => void draw());
    observer.observe(box);
    return () => {
      isCurrent = false;
      observer.disconnect();
    };
  }, [options]);
  return <div ref={element} class="plot" role="img" aria-label={label} />;
}
