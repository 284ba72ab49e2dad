import { findPages } from "./search.ts";
import { load } from "./Tools.tsx";

// On the page 404.html, lists the pages whose names are most similar to the requested address.

const place = document.querySelector<HTMLElement>("[data-suggestions]");

if (place) {
  void load("").then((index) => {
    const hits = findPages(index, location.pathname);
    if (hits.length === 0) return;
    const lead = document.createElement("p");
    lead.textContent = hits.length === 1 ? "Did you mean this page?" : "Did you mean one of these pages?";
    const list = document.createElement("ul");
    for (const { url, title, page } of hits) {
      const link = Object.assign(document.createElement("a"), { href: url, textContent: title });
      const item = document.createElement("li");
      item.append(link, page === title ? "" : ` (${page})`);
      list.append(item);
    }
    place.append(lead, list);
  });
}

if (place) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button" });
  button.textContent = "Search the documentation";
  button.addEventListener("click", () => document.querySelector<HTMLButtonElement>(".search-button")?.click());
  place.after(button);
}
