import "./share.css";
import { useSignal } from "@preact/signals";
import { address, currentHash, open, put } from "../page/address.ts";
import { drawn } from "./drawn.ts";
import { pngOf } from "./png.ts";
import { svgOf } from "./svg.ts";

/** Returns the URL of the current page without a fragment and without a query. */
const base = (): string => `${location.origin === "null" ? "file://" : location.origin}${location.pathname}`;

/** Returns the HTML that embeds the current page in another page. */
function embedCode(title: string): string {
  const src = `${base()}?embed=1${currentHash()}`.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<iframe src="${src}" title="${title}" width="640" height="400" loading="lazy" style="border: 0"></iframe>`;
}

interface Figure {
  readonly name: string;
  readonly element: HTMLElement | SVGSVGElement;
}

/** Returns the figures of the page, which have the attribute `data-figure` with their names. */
function figures(): Figure[] {
  const found = [...document.querySelectorAll<HTMLElement | SVGSVGElement>("main [data-figure]")];
  return found
    .filter((element) => element.getBoundingClientRect().width > 0)
    .map((element) => ({ name: element.dataset.figure!, element }));
}

/** A menu with buttons: copy the link or the embed code of the current page, save one of its figures, or reset the page. */
export default function Share() {
  address.value; // shows the link of the current address
  const all = figures();
  const chosen = useSignal(0);
  const said = useSignal("");
  const save = async (kind: "svg" | "png") => {
    const figure = all[chosen.peek()];
    if (!figure) return;
    const picture = drawn(figure.element);
    try {
      const file = kind === "svg" ? new Blob([svgOf(picture)], { type: "image/svg+xml" }) : await pngOf(picture);
      download(file, `${figure.name.toLowerCase().replaceAll(/\W+/g, "-")}.${kind}`);
      said.value = `Saved the figure “${figure.name}”.`;
    } catch (error) {
      said.value = `The figure could not be saved: ${(error as Error).message}.`;
    }
  };
  const title = document.title;
  return (
    <>
      <h1 id="share-title">Share</h1>
      <Copied
        label="Link to this page, as you see it"
        text={`${base()}${currentHash()}`}
        say={(text) => (said.value = text)}
      />
      <Copied
        label="Code that embeds it in a page or in slides"
        text={embedCode(title)}
        say={(text) => (said.value = text)}
      />
      {all.length > 0 && (
        <div class="share-row">
          <label>
            <span class="small">Figure</span>
            <select
              class="button"
              value={chosen.value}
              onChange={({ currentTarget }) => (chosen.value = Number(currentTarget.value))}
            >
              {all.map(({ name }, i) => (
                <option key={name} value={i}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <button type="button" class="button" onClick={() => void save("svg")}>
            Save as SVG
          </button>
          <button type="button" class="button" onClick={() => void save("png")}>
            Save as PNG
          </button>
        </div>
      )}
      <p class="small soft" role="status">
        {said}
      </p>
      <div class="share-row end">
        <button
          type="button"
          class="button"
          onClick={() => {
            reset();
            close();
          }}
        >
          Reset this page
        </button>
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      </div>
    </>
  );
}

/** Closes the dialog that this component is in. */
const close = (): void => document.querySelector<HTMLDialogElement>("dialog[open]")?.close();

/** Resets the page: removes all URL parameters. In a stop of the tour, restores the initial parameters of the stop. */
function reset(): void {
  const { stop, fields } = address.peek();
  if (stop) open(`#/tour/${stop.name}`);
  else put(Object.fromEntries(Object.keys(fields).map((name) => [name, undefined])), { push: true });
}

function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A text to copy. If the browser denies the clipboard, the text is selected instead. */
function Copied({ label, text, say }: { label: string; text: string; say: (text: string) => void }) {
  const copy = async (field: HTMLInputElement) => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied.");
    } catch {
      field.select();
      say("The browser does not allow this page to copy. Press Ctrl+C.");
    }
  };
  return (
    <div class="share-row">
      <label class="share-text">
        <span class="small">{label}</span>
        <input
          class="button code"
          type="text"
          readOnly
          value={text}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
      </label>
      <button
        type="button"
        class="button"
        aria-label={`Copy: ${label}`}
        onClick={({ currentTarget }) => void copy(currentTarget.parentElement!.querySelector("input")!)}
      >
        Copy
      </button>
    </div>
  );
}
