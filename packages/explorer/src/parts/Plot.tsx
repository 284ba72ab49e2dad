import type { PlotOptions } from "@observablehq/plot";
import { useEffect, useRef } from "preact/hooks";
import type { marks } from "./marks.ts";

interface Props<M extends Pick<Marks, "plot">> {
  /** A description for screen readers. */
  readonly label: string;
  /**
   * A function that returns the plot options. The argument of this function is an object with Observable Plot's
   * functions, which are loaded on demand.
   */
  readonly options: (plot: M, width: number) => PlotOptions;
  /** Loads the functions of Observable Plot that `options` needs. Default: those of line plots. */
  readonly load?: () => Promise<M>;
}
export type Marks = typeof marks;

const loadLines = () => import("./marks.ts").then(({ marks }) => marks);

/**
 * Shows a plot by Observable Plot and redraws it when `options` changes. Memoize `options`, or define it outside the
 * component.
 */
export function Plot<M extends Pick<Marks, "plot"> = Marks>({ label, options, load }: Props<M>) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = element.current!;
    let isCurrent = true;
    const draw = async () => {
      const plot = await (load ?? (loadLines as unknown as () => Promise<M>))();
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
