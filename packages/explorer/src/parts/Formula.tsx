import { useEffect, useRef } from "preact/hooks";

const katex = () => import("./katex.ts");

/** A formula in TeX. Until KaTeX is there, and if it never comes, the TeX itself. */
export function Formula({ tex, block = false }: { tex: string; block?: boolean }) {
  const element = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let isCurrent = true;
    void katex().then(({ draw }) => {
      if (isCurrent && element.current) draw(tex, element.current, block);
    });
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
