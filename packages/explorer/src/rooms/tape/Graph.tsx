import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Drawing, Edge, Node } from "./layout.ts";
import { at, look, lookAt, move, pointed, pointsAt } from "./state.ts";
import type { Timeline } from "./timeline.ts";

const part = 40; // the number of steps drawn at once if the tape is too long for one graph
const most = 60;

/** Draws the tape as a graph, in which values and tangents flow down and cotangents flow up. */
export function Graph({ of }: { of: Timeline }) {
  const now = at.value;
  const { steps } = of.recording;
  const isAtOutput = now === of.seed || (of.isForwardMode && now > 0);
  const place = of.place(now) ?? (isAtOutput ? steps.length - 1 : 0);
  const isWhole = steps.length <= most;
  const from = isWhole ? 0 : Math.floor(place / part) * part;
  const to = isWhole ? steps.length : Math.min(from + part, steps.length);
  const drawing = useSignal<{ readonly of: Timeline; readonly drawing: Drawing } | undefined>(undefined);
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    let isCurrent = true;
    void import("./layout.ts").then(({ drawingOf }) => {
      if (isCurrent) drawing.value = { of, drawing: drawingOf(of, from, to) };
    });
    return () => {
      isCurrent = false;
    };
  }, [of, from, to]);
  const shown = drawing.value?.of === of ? drawing.value.drawing : undefined;
  const output = steps[place]?.output;
  useEffect(() => {
    // The graph scrolls to the current step only when the current step changes, so that the user can scroll the graph
    // in the meantime.
    const node = shown?.nodes.find(({ tensor }) => tensor === output);
    const element = box.current;
    if (!node || !element) return;
    element.scrollTo({ left: node.x - element.clientWidth / 2, top: node.y - element.clientHeight / 2 });
  }, [shown, output]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section class="graph scroll" ref={box} tabIndex={0} aria-label="The list as a graph" data-takes-arrows>
      {shown && (
        <svg
          viewBox={`0 0 ${shown.width} ${shown.height}`}
          width={shown.width}
          height={shown.height}
          role="img"
          data-figure="The graph"
          aria-label={`${shown.nodes.length} tensors, from the inputs down to the value; the table lists all of them`}
        >
          {shown.edges.map((edge) => (
            <EdgePath key={`${edge.to} ${edge.input}`} of={of} edge={edge} now={now} />
          ))}
          {shown.nodes.map((node) => (
            <NodeBox key={node.id} of={of} node={node} now={now} />
          ))}
        </svg>
      )}
      {!isWhole && (
        <p class="graph-part small soft">
          steps {from + 1} to {to} of {steps.length}
        </p>
      )}
    </section>
  );
}

function EdgePath({ of, edge: { input, from, to, path }, now }: { of: Timeline; edge: Edge; now: number }) {
  const place = of.maker(to)!;
  const moment = of.moment(now);
  const isForward = moment.kind === "step" && moment.place === place;
  const pulled = of.momentOf(place, true);
  const isDone = of.isBackward(now) && pulled > of.seed && pulled <= now;
  const carries = isDone && of.isReached(from) && contributes(of, pulled, input);
  const isPulling = carries && pulled === now;
  const states = [
    of.isKnown(to, now) ? "" : "coming",
    isForward ? "forward flowing" : "",
    of.moves(from, now) && of.moves(to, now) ? "tangent" : "",
    carries ? "backward" : "",
    isPulling ? "flowing" : "",
  ];
  return <path d={path} class={`edge ${states.filter(Boolean).join(" ")}`} />;
}

function contributes(of: Timeline, pulled: number, input: number): boolean {
  const moment = of.moment(pulled);
  if (moment.kind !== "pull") return false;
  return moment.pull.contributions[input]?.given != null;
}

function NodeBox({ of, node, now }: { of: Timeline; node: Node; now: number }) {
  const { tensor, place, title, detail, x, y, width, height } = node;
  const backward = of.isBackward(now);
  const cotangent = of.cotangent(tensor, now);
  const states = [
    place === undefined ? "given" : "",
    of.isKnown(tensor, now) ? "known" : "coming",
    cotangent ? (cotangent.isWhole ? "whole" : "partial") : "",
    of.moves(tensor, now) ? "tangent" : "",
    place !== undefined && of.place(now) === place ? (backward ? "current backward" : "current") : "",
    look.value === tensor ? "looked" : "",
    pointed.value.includes(tensor) ? "pointed" : "",
    of.recording.outputs.includes(tensor) ? "output" : "",
    place !== undefined && of.recording.steps[place]!.ofSweep ? "of-first-sweep" : "",
  ];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the table offers the same to screen readers
    <g
      class={`node ${states.filter(Boolean).join(" ")}`}
      transform={`translate(${x - width / 2} ${y - height / 2})`}
      {...pointsAt(tensor)}
      onClick={() => lookAt(tensor)}
      onDblClick={() => place !== undefined && move(of.momentOf(place, backward))}
    >
      <rect width={width} height={height} rx={place === undefined ? height / 2 : 6} />
      <text x={width / 2} y={detail ? 16 : 17}>
        {title}
      </text>
      {detail && (
        <text class="detail" x={width / 2} y={31}>
          {detail}
        </text>
      )}
    </g>
  );
}
