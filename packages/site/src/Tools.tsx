import { useSignal } from "@preact/signals";
import MiniSearch from "minisearch";
import { useLayoutEffect, useRef } from "preact/hooks";
import { SchemeButton } from "../../explorer/src/house/SchemeButton.tsx";
import { type Entry, find, searchOptions } from "./search.ts";

let index: Promise<MiniSearch<Entry>> | undefined;

/** Loads the search index when the user begins to search. */
export function load(top: string): Promise<MiniSearch<Entry>> {
  index ??= fetch(`${top}search.json`)
    .then((answer) => answer.text())
    .then((json) => MiniSearch.loadJSON(json, searchOptions));
  return index;
}

export function Tools({ top }: { top: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = () => {
    void load(top);
    dialog.current?.showModal();
  };
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isField = event.target instanceof Element && event.target.closest("input, textarea, select");
      const wanted = (event.key === "/" && !isField) || (event.key === "k" && (event.ctrlKey || event.metaKey));
      if (!wanted) return;
      event.preventDefault();
      open();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <>
      <button
        type="button"
        class="button search-button"
        aria-label="Search"
        aria-keyshortcuts="/ Control+K"
        onClick={open}
      >
        <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
          <circle cx="7" cy="7" r="4.6" fill="none" stroke="currentColor" stroke-width="1.6" />
          <path d="m10.5 10.5 4 4" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" />
        </svg>
        <span>Search</span> <kbd>/</kbd>
      </button>
      <SchemeButton />
      <Search dialog={dialog} top={top} />
    </>
  );
}

function Search({ dialog, top }: { dialog: { current: HTMLDialogElement | null }; top: string }) {
  const query = useSignal("");
  const found = useSignal<ReturnType<typeof find> | undefined>(undefined);
  const failed = useSignal(false);
  const look = (text: string) => {
    query.value = text;
    load(top).then(
      (loaded) => {
        if (query.peek() === text) found.value = text.trim() ? find(loaded, text) : undefined;
      },
      () => {
        failed.value = true;
      },
    );
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = [...dialog.current!.querySelectorAll<HTMLElement>("input, li a")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[Math.min(Math.max(at + step, 0), all.length - 1)]?.focus();
  };
  const enter = (event: KeyboardEvent) => {
    if (event.key === "Enter") dialog.current!.querySelector<HTMLElement>("li a")?.click();
  };
  const hits = found.value;
  return (
    <dialog
      ref={dialog}
      class="search"
      aria-label="Search"
      onKeyDown={move}
      onClick={({ target }) => {
        // Closes the search dialog after a click outside the dialog, and after a click on a link, which may lead to a
        // heading of the same page.
        if (target === dialog.current || (target as Element).closest("a")) dialog.current!.close();
      }}
    >
      <div>
        <input
          type="search"
          placeholder="Search the documentation"
          aria-label="Search terms"
          value={query.value}
          onInput={({ currentTarget }) => look(currentTarget.value)}
          onKeyDown={enter}
        />
        <p class="unseen" aria-live="polite">
          {hits && `${hits.length} found`}
        </p>
        {failed.value && <p class="wrong small">The index could not be loaded.</p>}
        {hits?.length === 0 && <p class="soft">No results for “{query.value}”.</p>}
        {hits && hits.length > 0 && (
          <ol>
            {hits.map(({ url, page, title, around }) => (
              <li key={url}>
                <a href={top + url}>
                  <strong>{title}</strong> <span class="soft small">{page === title ? "" : page}</span>
                  <span class="small around">
                    {around.map((piece, i) => (i % 2 === 1 ? <mark key={i}>{piece}</mark> : piece))}
                  </span>
                </a>
              </li>
            ))}
          </ol>
        )}
      </div>
    </dialog>
  );
}
