// Shows the definition of a glossary term as a tooltip, while its link has the focus or the pointer is over the link or
// the tooltip. Escape hides the tooltip. Without this script, the link opens the glossary.

const gap = 6; // in px, between the link and its tooltip

for (const link of document.querySelectorAll<HTMLAnchorElement>("a.term")) {
  const definition = document.getElementById(link.getAttribute("aria-describedby")!)!;
  let leaving = 0;
  const show = () => {
    clearTimeout(leaving);
    if (definition.matches(":popover-open")) return;
    for (const other of document.querySelectorAll<HTMLElement>(".definition:popover-open")) other.hidePopover();
    definition.showPopover();
    const [place, box] = [link.getClientRects()[0]!, definition.getBoundingClientRect()];
    const left = Math.min(place.left, document.documentElement.clientWidth - box.width - gap);
    const isAbove = place.bottom + gap + box.height > innerHeight && place.top > box.height + gap;
    definition.style.left = `${Math.max(gap, left)}px`;
    definition.style.top = `${isAbove ? place.top - gap - box.height : place.bottom + gap}px`;
  };
  const hide = () => {
    clearTimeout(leaving);
    if (definition.matches(":popover-open")) definition.hidePopover();
  };
  const leave = () => {
    leaving = window.setTimeout(hide, 150); // in ms; enough to move the pointer from the link to the tooltip
  };
  link.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && show());
  link.addEventListener("pointerleave", leave);
  link.addEventListener("focus", () => link.matches(":focus-visible") && show());
  link.addEventListener("blur", hide);
  definition.addEventListener("pointerenter", () => clearTimeout(leaving));
  definition.addEventListener("pointerleave", leave);
  addEventListener("keydown", ({ key }) => key === "Escape" && hide());
  addEventListener("scroll", hide, { passive: true });
}
