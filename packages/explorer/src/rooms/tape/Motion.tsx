import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

// Pictures that move: numbers fly from one table to another. A picture plays once when it appears, and its slider moves it
// back and forth. For readers who prefer reduced motion, a picture shows its end, and its slider jumps from number to number.

const flightTime = 450; // the time of one flight in ms
const longest = 2400; // the maximum time of a picture in ms

const isStill = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Returns the progress of an animation in which `count` groups of numbers move one after another. The progress grows
 * from 0 to `count`.
 */
export function useProgress(count: number): Signal<number> {
  const progress = useSignal(isStill() ? count : 0);
  useEffect(() => {
    if (isStill() || count === 0) return undefined;
    const [begin, time] = [performance.now(), Math.min(flightTime, longest / count)];
    let [frame, written] = [0, progress.peek()];
    const tick = (now: number) => {
      if (progress.peek() !== written) return; // the reader moves the slider
      written = Math.min(Math.max(now - begin, 0) / time, count);
      progress.value = written;
      if (written < count) frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, []);
  return progress;
}

interface ScrubProps {
  readonly progress: Signal<number>;
  readonly count: number;
  /** The name of the slider, such as "Rows added". */
  readonly label: string;
}

/** The slider of a picture. */
export function Scrub({ progress, count, label }: ScrubProps) {
  const done = Math.floor(progress.value);
  return (
    <label class="scrub slider small soft">
      <span>{label}</span>
      <input
        type="range"
        min={0}
        max={count}
        step={isStill() ? 1 : 0.05}
        value={progress.value}
        aria-valuetext={`${done} of ${count}`}
        style={{ "--part": `${(100 * progress.value) / count}%` }}
        onInput={({ currentTarget }) => {
          progress.value = Number(currentTarget.value);
        }}
      />
      <span class="numbers" aria-hidden="true">
        {done} of {count}
      </span>
    </label>
  );
}

interface FlightProps {
  /** The element that contains two tables, between which an animation moves cells. */
  readonly box: RefObject<HTMLElement>;
  /** The progress of the animation, from 0 to 1. */
  readonly part: number;
  readonly from: () => readonly Element[];
  readonly to: () => readonly Element[];
}

/** Copies of table cells on their way from one table to another. */
export function Flight({ box, part, from, to }: FlightProps) {
  const layer = useRef<HTMLDivElement>(null);
  const isFlying = part > 0 && part < 1 && !isStill();
  useLayoutEffect(() => {
    const [own, around] = [layer.current!, box.current];
    own.replaceChildren();
    if (!isFlying || !around) return;
    const [cells, targets] = [from(), to()];
    if (cells.length === 0 || targets.length === 0) return;
    const [start, end, frame] = [topLeft(cells), topLeft(targets), around.getBoundingClientRect()];
    const eased = part * part * (3 - 2 * part);
    own.style.transform = `translate(${start.x - frame.x + eased * (end.x - start.x)}px, ${start.y - frame.y + eased * (end.y - start.y)}px)`;
    for (const cell of cells) {
      const { x, y, width, height } = cell.getBoundingClientRect();
      const copy = document.createElement("span");
      copy.textContent = cell.textContent;
      const { background, color } = (cell as HTMLElement).style;
      Object.assign(copy.style, { background, color, left: `${x - start.x}px`, top: `${y - start.y}px`, width: `${width}px`, height: `${height}px` }); // biome-ignore format: a line
      own.append(copy);
    }
  });
  return <div class="flight" aria-hidden="true" ref={layer} />;
}

function topLeft(cells: readonly Element[]): { x: number; y: number } {
  const boxes = cells.map((cell) => cell.getBoundingClientRect());
  return { x: Math.min(...boxes.map(({ x }) => x)), y: Math.min(...boxes.map(({ y }) => y)) };
}

/** Returns the cells of a table of numbers with the given indices, or all cells. */
export function cellsOf(
  box: HTMLElement | null,
  table: number,
  columns: number,
  places?: readonly number[],
): readonly HTMLElement[] {
  const rows = box?.querySelectorAll<HTMLTableElement>(".number-table")[table]?.rows;
  if (!rows) return [];
  const all = places ?? Array.from({ length: rows.length * columns }, (_, place) => place);
  return all.flatMap((place) => rows[Math.floor(place / columns)]?.cells[place % columns] ?? []);
}
