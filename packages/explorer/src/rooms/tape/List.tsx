import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { shapeText, short } from "../../parts/numbers.ts";
import type { BodyRow, Range, TensorData } from "../../sandbox/protocol.ts";
import { type ListRow, rowsOf } from "./rows.ts";
import { at, look, lookAt, move, opened, pointed, pointsAt, toggleBody } from "./state.ts";
import type { Timeline } from "./timeline.ts";

const height = 30; // the height of a row in pixels, as in tape.css
const spare = 8; // the number of extra rows drawn above and below the visible rows

/**
 * Shows the Wengert list (the tape) as a table. Only visible rows are in the DOM, because a list may have thousands of
 * rows.
 */
export function List({ of }: { of: Timeline }) {
  const open = opened.value;
  const rows = useMemo(() => rowsOf(of, open), [of, open]);
  const total = rows.length;
  const hasBodies = useMemo(() => of.recording.steps.some(({ body }) => body), [of]);
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const seen = useSignal(400);
  const now = at.value;
  const current = of.place(now);
  const row = current === undefined ? undefined : rows.findIndex((each) => isStep(each, current));
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => {
      seen.value = element.clientHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = box.current!;
    if (row === undefined) {
      const isAtOutput = now === of.seed || (of.isForwardMode && now > 0);
      element.scrollTop = isAtOutput ? element.scrollHeight : 0;
      return;
    }
    const [from, to] = [row * height, (row + 1) * height];
    const head = height; // the sticky heading covers the first row
    if (from - height < element.scrollTop) element.scrollTop = from - height;
    else if (to + head + height > element.scrollTop + element.clientHeight)
      element.scrollTop = to + head + height - element.clientHeight;
  }, [row, now, of]);
  const first = Math.max(0, Math.floor(top.value / height) - spare);
  const end = Math.min(total, Math.ceil((top.value + seen.value) / height) + spare);
  const focus = useSignal<number | undefined>(undefined);
  const active = Math.min(Math.max(focus.value ?? row ?? 0, 0), total - 1);
  useSignalEffect(() => {
    const wanted = focus.value;
    if (wanted === undefined) return;
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-row="${wanted}"]`)?.focus());
  });
  const keyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const to = Math.min(Math.max(active + step, 0), total - 1);
      const element = box.current!;
      if ((to + 2) * height > element.scrollTop + element.clientHeight)
        element.scrollTop = (to + 2) * height - element.clientHeight;
      if (to * height < element.scrollTop) element.scrollTop = to * height;
      focus.value = to;
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = rows[active]!;
      if (chosen.kind === "tensor") lookAt(chosen.tensor);
    }
  };
  const looked = rows.findIndex((each) => each.kind === "tensor" && each.tensor === look.value);
  return (
    <div
      class={hasBodies ? "list scroll with-bodies" : "list scroll"}
      ref={box}
      onScroll={({ currentTarget }) => {
        top.value = currentTarget.scrollTop;
      }}
    >
      <table data-figure="The list" aria-rowcount={total + 1} onKeyDown={keyDown}>
        <caption class="unseen">The Wengert list. Enter opens a tensor; arrow keys move between rows.</caption>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" class="number">
              <span class="unseen">Number</span>
            </th>
            <th scope="col">op</th>
            <th scope="col">inputs</th>
            <th scope="col">shape</th>
            <th scope="col">value</th>
            <th scope="col" class={of.isForwardMode ? "of-tangents" : "of-sweep"}>
              {of.isForwardMode ? "tangent" : "cotangent"}
            </th>
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr class="gap" style={{ height: `${first * height}px` }} />}
          {Array.from({ length: end - first }, (_, k) => {
            const i = first + k;
            const each = rows[i]!;
            const shared = {
              index: i,
              isActive: i === active,
              onFocus: () => {
                focus.value = i;
              },
            };
            return each.kind === "body" ? (
              <BodyLine key={i} {...shared} row={each.row} />
            ) : (
              <Row key={i} {...shared} {...each} of={of} now={now} isCurrent={i === row} isLooked={i === looked} />
            );
          })}
          {end < total && <tr class="gap" style={{ height: `${(total - end) * height}px` }} />}
        </tbody>
      </table>
    </div>
  );
}

const isStep = (row: ListRow, place: number): boolean => row.kind === "tensor" && row.place === place;

interface SharedProps {
  readonly index: number;
  readonly isActive: boolean;
  readonly onFocus: () => void;
}

/**
 * Draws the table row of a step that is inside another step, such as an op in the loop body of `scan`. The row shows a
 * shape, but no values.
 */
function BodyLine({ index, isActive, onFocus, row }: SharedProps & { readonly row: BodyRow }) {
  const { number, op, params, inputs, shape, depth } = row;
  return (
    <tr
      class={shape ? "body-row" : "body-row returns"}
      aria-rowindex={index + 2}
      data-row={index}
      tabIndex={isActive ? 0 : -1}
      onFocus={onFocus}
    >
      <th scope="row" class="number numbers">
        {number || <span class="unseen">body</span>}
      </th>
      <td class="code op" style={{ paddingLeft: `${0.5 + 1.25 * depth}rem` }}>
        {op}
        {params && <span class="soft"> {params}</span>}
      </td>
      <td class="code soft">{inputs}</td>
      <td class="code soft">{shape && shapeText(shape)}</td>
      <td />
      <td />
    </tr>
  );
}

interface RowProps extends SharedProps {
  readonly of: Timeline;
  readonly tensor: number;
  /** The index of the step that the table row shows, or undefined if the row shows an input or a constant. */
  readonly place: number | undefined;
  readonly now: number;
  readonly isCurrent: boolean;
  readonly isLooked: boolean;
}

function Row({ of, index, tensor, place, now, isCurrent, isLooked, isActive, onFocus }: RowProps) {
  const { steps, tensors } = of.recording;
  const step = place === undefined ? undefined : steps[place]!;
  const data = tensors[tensor]!;
  const isKnown = of.isKnown(tensor, now);
  const cotangent = of.cotangent(tensor, now);
  const tangent = of.tangent(tensor, now);
  const backward = of.isBackward(now);
  const nothing = !cotangent && backward && !of.isReached(tensor) ? true : undefined;
  const classes = [
    isKnown ? "" : "coming",
    isCurrent ? (backward ? "current backward" : "current") : "",
    isLooked ? "looked" : "",
    pointed.value.includes(tensor) ? "pointed" : "",
    step?.ofSweep ? "of-first-sweep" : "",
  ];
  return (
    <tr
      class={classes.filter(Boolean).join(" ") || undefined}
      aria-rowindex={index + 2}
      aria-current={isCurrent ? "step" : undefined}
      data-row={index}
      tabIndex={isActive ? 0 : -1}
      {...pointsAt(tensor)}
      onFocus={() => {
        onFocus();
        pointed.value = [tensor];
      }}
      onBlur={() => (pointed.value = [])}
      onClick={() => lookAt(tensor)}
      onDblClick={() => place !== undefined && move(of.momentOf(place, backward))}
    >
      <th scope="row" class="number numbers">
        {place === undefined ? <span class="unseen">input</span> : `#${place + 1}`}
      </th>
      <td class="code op">
        {step ? step.op : data.name}
        {step?.body && <BodyButton place={place!} op={step.op} times={step.body.times} />}
        {step?.params && <span class="soft"> {step.params}</span>}
      </td>
      <td class="code soft">{step?.inputs.map((input) => of.name(input).split(" ")[0]).join(", ")}</td>
      <td class="code soft">{shapeText(data.shape)}</td>
      <td class="code value">{isKnown ? valueText(data, of) : ""}</td>
      {of.isForwardMode ? (
        <td class="code tangent" title={isKnown && tangent === undefined ? "No derivative flows to it" : undefined}>
          {tangent === undefined ? isKnown && "–" : valueText(tensors[tangent]!, of)}
        </td>
      ) : (
        <td
          class={cotangent?.isWhole === false ? "code cotangent partial" : "code cotangent"}
          title={
            cotangent
              ? cotangent.isWhole
                ? undefined
                : "Partial: more contributions follow"
              : nothing && "No derivative flows back"
          }
        >
          {cotangent ? valueText(tensors[cotangent.tensor]!, of) : nothing && "–"}
        </td>
      )}
    </tr>
  );
}

/** The number of iterations of a loop, and a button that shows or hides its body. */
function BodyButton({ place, op, times }: { readonly place: number; readonly op: string; readonly times: number }) {
  const isOpen = opened.value.has(place);
  return (
    <>
      {times !== 1 && <span class="soft"> {times} ×</span>}
      <button
        type="button"
        class="body-button code"
        aria-expanded={isOpen}
        aria-label={`Body of #${place + 1} ${op}`}
        title={isOpen ? "Hide the body" : "Show the body"}
        onClick={(event) => {
          event.stopPropagation();
          toggleBody(place);
        }}
        onDblClick={(event) => event.stopPropagation()}
        onKeyDown={(event) => event.key === "Enter" && event.stopPropagation()}
      >
        {isOpen ? "{" : "{ … }"}
      </button>
    </>
  );
}

/** Returns the elements of a small tensor as text, or the range of the elements of a large tensor. */
function valueText({ at: start, shown, size, range }: TensorData, of: Timeline): string {
  if (size === 0) return "";
  if (size <= 3) return Array.from(of.recording.values.subarray(start, start + shown), (x) => short(x, 3)).join(" ");
  return rangeText(range, size);
}

function rangeText({ least, most, nans, infinities }: Range, size: number): string {
  const finite =
    nans + infinities < size ? [least === most ? short(least, 3) : `${short(least, 3)} … ${short(most, 3)}`] : [];
  return [...finite, ...(nans ? [`${nans} NaN`] : []), ...(infinities ? [`${infinities} ∞`] : [])].join(" ");
}
