import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/**
 * A hook for an element that scrolls sideways. While its content is wider than the element, the element can take the focus,
 * and the arrow keys scroll it.
 */
export function useScrolls(element: RefObject<HTMLElement>, isActive = true): void {
  useEffect(() => {
    const box = element.current;
    if (!box || !isActive) return undefined;
    const observer = new ResizeObserver(() => {
      const scrolls = box.scrollWidth > box.clientWidth;
      if (scrolls) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
      box.toggleAttribute("data-takes-arrows", scrolls);
    });
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
    return () => observer.disconnect();
  }, [isActive]);
}
