import { useEffect, useRef } from "preact/hooks";
import { useScrolls } from "./scrolls.ts";

const katex = () => import("./katex.ts");

/** Loads KaTeX and its fonts while the browser is idle, so that the first formula appears without delay. */
export function expectFormulas(): void {
  const load = async () => {
    await katex();
    await Promise.all(["1em KaTeX_Main", "italic 1em KaTeX_Math"].map((font) => document.fonts.load(font)));
  };
  const start = () => void load().catch(() => {}); // after a failure, the first formula loads KaTeX again
  if ("requestIdleCallback" in window) requestIdleCallback(start);
  else setTimeout(start, 500);
}

/** Shows a TeX formula. If KaTeX cannot be loaded, for example offline, shows the TeX source. */
export function Formula({ tex, block = false }: { tex: string; block?: boolean }) {
  const element = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let isCurrent = true;
    katex().then(
      ({ draw }) => {
        if (isCurrent && element.current) draw(tex, element.current, block);
      },
      () => {
        if (isCurrent && element.current) element.current.textContent = tex;
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [tex, block]);
  useScrolls(element, block);
  return <span ref={element} class={block ? "formula block" : "formula"} />;
}
