import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { ask, asked, draw, given } from "./asked.ts";
import type { Images } from "./data/dataset.ts";
import { pixelsOf } from "./data/images.ts";
import { Files, useDrop } from "./Files.tsx";
import { report } from "./fit.ts";
import { type Place, stroked } from "./ink.ts";
import { Pixels } from "./Pixels.tsx";
import { SoftmaxRow } from "./SoftmaxRow.tsx";
import { problem } from "./sources.ts";

/** Shows the class probabilities of a digit that the user draws, or of an image that the user opens. */
export function Ask({ of }: { of: Images }) {
  const model = given();
  const drop = useDrop(({ files }) => {
    if (!of.areDrawn) void open(files, of);
  });
  return (
    <section class="panel ask" aria-labelledby="ask-title" {...drop}>
      <header class="head">
        <h2 id="ask-title">{of.areDrawn ? "Draw one" : "Try one"}</h2>
        <button type="button" class="button quiet" disabled={!asked.value} onClick={() => ask(undefined)}>
          Clear
        </button>
      </header>
      <div class="pair">
        {of.areDrawn ? <Paper of={of} /> : <Open of={of} />}
        <div class="answer">
          <SoftmaxRow classes={of.classes} row={model && report.value?.probe} />
          {model && of.areDrawn && (
            <p class="given small soft">
              <Pixels of={model} size={of.features} as="ink" />
              <span>The model’s input{asked.value?.isDrawn ? ": scaled and centered like MNIST’s digits" : ""}</span>
            </p>
          )}
        </div>
      </div>
    </section>
  );
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function Paper({ of }: { of: Images }) {
  const { width, height } = of.features;
  const blank = new Float32Array(width * height);
  const ink = asked.value?.row.length === width * height ? asked.value.row : blank;
  const before = useRef<Place | undefined>(undefined);
  const pen = useSignal<Place | undefined>(undefined); // the position of the pen that the arrow keys move
  const isDown = useSignal(false);
  const said = useSignal("");
  const current = () => (asked.peek()?.row.length === width * height ? asked.peek()!.row : blank);
  const line = (from: Place, to: Place) => draw(stroked(current(), of.features, from, to));
  const placeOf = (event: PointerEvent): Place => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * width,
      y: ((event.clientY - box.top) / box.height) * height,
    };
  };
  const press = (event: KeyboardEvent) => {
    const here = pen.peek() ?? { x: width / 2, y: height / 2 };
    const by = arrows[event.key];
    if (by) {
      const to = {
        x: Math.min(Math.max(here.x + by[0], 0.5), width - 0.5),
        y: Math.min(Math.max(here.y + by[1], 0.5), height - 0.5),
      };
      pen.value = to;
      if (isDown.peek()) line(here, to);
      said.value = `Column ${Math.ceil(to.x)}, row ${Math.ceil(to.y)}${isDown.peek() ? ", drawing" : ""}`;
    } else if (event.key === " " || event.key === "Enter") {
      isDown.value = !isDown.peek();
      if (isDown.peek()) line(here, here);
      said.value = isDown.peek() ? "Pen down: arrows draw" : "Pen up";
    } else if (event.key === "Delete" || event.key === "Backspace") {
      ask(undefined);
      said.value = "Cleared";
    } else return;
    event.preventDefault();
  };
  return (
    <div class="paper">
      <div
        class="sheet"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it handles keys
        tabIndex={0}
        data-takes-arrows
        aria-label="Paper to draw on"
        aria-describedby="paper-help"
        style={{ aspectRatio: `${width} / ${height}` }}
        onKeyDown={press}
        onFocus={(event) => {
          if (event.currentTarget.matches(":focus-visible")) pen.value = { x: width / 2, y: height / 2 };
        }}
        onBlur={() => {
          [pen.value, isDown.value] = [undefined, false];
        }}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          if (asked.peek()?.isDrawn === false) ask(undefined);
          event.currentTarget.setPointerCapture(event.pointerId);
          const place = placeOf(event);
          before.current = place;
          pen.value = undefined;
          line(place, place);
        }}
        onPointerMove={(event) => {
          if (!before.current) return;
          const place = placeOf(event);
          line(before.current, place);
          before.current = place;
        }}
        onPointerUp={() => (before.current = undefined)}
        onPointerCancel={() => (before.current = undefined)}
      >
        <Pixels of={ink} size={of.features} as="ink" />
        {pen.value && (
          <span
            class={isDown.value ? "pen down" : "pen"}
            style={{ left: `${(100 * pen.value.x) / width}%`, top: `${(100 * pen.value.y) / height}%` }}
          />
        )}
      </div>
      <p id="paper-help" class="small soft">
        With keys: arrows move the pen, <kbd>Space</kbd> lowers or lifts it, <kbd>Del</kbd> clears.
      </p>
      <output class="unseen">{said.value}</output>
    </div>
  );
}

function Open({ of }: { of: Images }) {
  const shown = given();
  return (
    <div class="paper">
      <Files label="Open an image" accept="image/*" onFiles={(files) => void open(files, of)} />{" "}
      <span class="small soft">or drop it here</span>
      {shown && <Pixels of={shown} size={of.features} as="gray" label="The image to classify" />}
    </div>
  );
}

async function open([file]: FileList, of: Images): Promise<void> {
  const pixels = file && (await pixelsOf(file, of.features.width));
  if (pixels) {
    problem.value = undefined;
    ask(Float32Array.from(pixels, (byte) => byte / 255));
  } else
    problem.value = `${file?.name ?? "This"} cannot be read as an image. Choose a PNG, JPEG, WebP, GIF, AVIF or BMP.`;
}
