import { useEffect, useRef } from "preact/hooks";

const katex = () => import("./katex.ts");

/** Loads what draws formulas when the browser has nothing else to do, so that the first one is there at once. */
export function expectFormulas(): void {
  const load = async () => {
    await katex();
    await Promise.all(["1em KaTeX_Main", "italic 1em KaTeX_Math"].map((font) => document.fonts.load(font)));
  };
  const start = () => void load().catch(() => {}); // it is asked for again when there is a formula
  if ("requestIdleCallback" in window) requestIdleCallback(start);
  else setTimeout(start, 500);
}

/** A formula in TeX. If KaTeX never comes, as without a network, the TeX itself. */
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
  useEffect(() => {
    if (!block) return undefined;
    // What is wider than its place is scrolled by keys too, for which it takes the focus.
    const observer = new ResizeObserver(() => {
      const box = element.current!;
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, [block]);
  return <span ref={element} class={block ? "formula block" : "formula"} />;
}
