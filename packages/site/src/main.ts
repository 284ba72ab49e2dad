import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "../../explorer/src/house/tokens.css";
import "../../explorer/src/house/base.css";
import "../../explorer/src/house/header.css";
import "../../explorer/src/parts/parts.css";
import "./site.css";
import "./headings.ts";
import "./missing.ts";
import "./terms.ts";
import { h, render } from "preact";
import { Tools } from "./Tools.tsx";

// Adds the interactive elements, such as search, to a documentation page. The text is readable without these elements.

render(h(Tools, { top: document.body.dataset.top ?? "" }), document.querySelector("[data-tools]")!);

const menu = document.querySelector<HTMLButtonElement>(".menu")!;
const contents = document.getElementById("contents")!;
menu.addEventListener("click", () => {
  const isOpen = contents.classList.toggle("open");
  menu.ariaExpanded = String(isOpen);
});
contents.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape" || !contents.classList.contains("open")) return;
  menu.click();
  menu.focus();
});
contents.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });

for (const button of document.querySelectorAll<HTMLButtonElement>(".copy")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const code = button.closest("figure")!.querySelector("code")!.textContent;
    void navigator.clipboard.writeText(code).then(
      () => say("Copied"),
      () => say("Not allowed"),
    );
  });
  const say = (text: string) => {
    button.textContent = text;
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1500);
  };
}

// In the outline, highlights the heading of the section that the user is reading.
const entries = new Map(
  [...document.querySelectorAll<HTMLAnchorElement>(".outline a")].map((link) => [link.hash.slice(1), link]),
);
const headings = [...document.querySelectorAll<HTMLElement>("article :is(h2, h3)[id]")].filter(({ id }) =>
  entries.has(id),
);
if (headings.length > 0) {
  const outline = document.querySelector<HTMLElement>(".outline")!;
  let marked: HTMLAnchorElement | undefined;
  const mark = () => {
    const current = headings.findLast((heading) => heading.getBoundingClientRect().top < 120) ?? headings[0]!;
    const link = entries.get(current.id)!;
    if (link === marked) return;
    marked?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    outline.scrollTop = link.offsetTop - outline.clientHeight / 2; // scrolls an outline that is longer than the window
    marked = link;
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
}

const lives = import.meta.glob<{ default: () => preact.JSX.Element }>("./live/*.tsx");
for (const place of document.querySelectorAll<HTMLElement>("[data-live]")) {
  const load = lives[`./live/${place.dataset.live}.tsx`];
  void load?.().then(({ default: Live }) => render(h(Live, {}), place));
}
