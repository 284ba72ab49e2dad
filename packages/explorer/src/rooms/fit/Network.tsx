import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isEmbedded } from "../../page/address.ts";
import { colorOf, css, gradient, type Scale, scaleFor } from "../../parts/colors.ts";
import { short } from "../../parts/numbers.ts";
import { colorOfClass, paper, rgbOf } from "./colors.ts";
import { letters } from "./data/points.ts";
import { data, slowReport } from "./fit.ts";
import { gridPoints, nodes, unitNodes } from "./grid.ts";
import { linked, type Node } from "./linked.ts";
import type { LayerData, Network as NetworkData } from "./protocol.ts";
import { activation, hidden } from "./settings.ts";

const inputNames = ["x", "y"] as const;
const gap = 6; // between two pictures of a layer, in px
const labelWidth = 20;

/**
 * Shows the network of a fit of points. Each node has a picture of its numbers over the plane, and each weight is a line.
 * Only a single node takes the focus with the tab key; arrow keys move between nodes.
 */
export function Network() {
  const network = slowReport.value?.network;
  const classes = data.value?.classes.length ?? 0;
  if (!network || network.layers.at(-1)!.b.length !== classes) return null;
  return <Diagram of={network} />;
}

function Diagram({ of }: { of: NetworkData }) {
  const width = useSignal(0);
  const box = useRef<HTMLDivElement>(null);
  const current = useSignal<Node>({ layer: 0, index: 0 });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => (width.value = entry!.contentRect.width));
    observer.observe(box.current!);
    return () => {
      observer.disconnect();
      linked.value = undefined;
    };
  }, []);
  const layers = layersOf(of);
  const most = Math.max(...layers.map(({ pictures }) => pictures.length));
  const size = most > 8 || isEmbedded.value ? 28 : 38;
  const height = most * (size + gap);
  const middleOf = ({ layer, index }: Node) => {
    const count = layers[layer]!.pictures.length;
    const free = (height - count * (size + gap)) / (count + 1);
    return free * (index + 1) + (index + 0.5) * (size + gap);
  };
  const leftOf = (layer: number) =>
    labelWidth + (layer * (width.value - 2 * labelWidth - size)) / Math.max(1, layers.length - 1);
  const weights = weightsOf(
    of,
    layers.map(({ pictures }) => pictures.length),
  );
  const scale = scaleFor({ least: -1, most: Math.max(...weights.map(({ weight }) => Math.abs(weight)), 1e-6) }, { map: "diverging" }); // biome-ignore format: a line
  const exists = ({ layer, index }: Node) => index < (layers[layer]?.pictures.length ?? 0);
  const wanted = linked.value && exists(linked.value) ? linked.value : undefined;
  const focused = exists(current.value) ? current.value : { layer: 0, index: 0 };
  const press = (event: KeyboardEvent) => {
    const by = arrows[event.key];
    if (!by) return;
    event.preventDefault();
    const layer = Math.min(Math.max(focused.layer + by[0], 0), layers.length - 1);
    const last = layers[layer]!.pictures.length - 1;
    const index = Math.min(Math.max(focused.index + by[1], 0), last);
    current.value = { layer, index };
    box.current!.querySelector<HTMLElement>(`[data-node="${layer} ${index}"]`)?.focus();
  };
  const drawn = of.units.length;
  return (
    <section class="panel network" aria-labelledby="network-title" data-figure="The network">
      <header class="head">
        <h2 id="network-title">The network</h2>
        <p class="small soft">{hidden.value > drawn && `the first ${drawn} of ${hidden.value} hidden units`}</p>
      </header>
      <div
        ref={box}
        class="diagram"
        role="toolbar"
        aria-label={`${layers.map(({ title, pictures }) => `${pictures.length} ${title}`).join(", ")}. Arrow keys move between them`}
        style={{ height: `${height}px` }}
        data-takes-arrows
        onKeyDown={press}
      >
        <svg width={width.value} height={height} aria-hidden="true">
          {width.value > 0 &&
            weights.map(({ from, to, weight }) => {
              const [x1, x2] = [leftOf(from.layer) + size, leftOf(to.layer)];
              const [y1, y2] = [middleOf(from), middleOf(to)];
              const bend = (x2 - x1) / 2;
              const isFaint = wanted && !isSame(wanted, from) && !isSame(wanted, to);
              return (
                <path
                  key={`${from.layer} ${from.index} ${to.index}`}
                  d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
                  fill="none"
                  stroke={css(colorOf(weight, scale))}
                  stroke-width={0.75 + (4.25 * Math.abs(weight)) / scale.most}
                  opacity={isFaint ? 0.12 : 1}
                />
              );
            })}
        </svg>
        {layers.map(({ pictures, label }, layer) =>
          pictures.map((picture, index) => {
            const node = { layer, index };
            const isLast = layer === layers.length - 1;
            return (
              <button
                key={`${layer} ${index}`}
                type="button"
                class={wanted && isSame(wanted, node) ? "node linked" : "node"}
                data-node={`${layer} ${index}`}
                tabIndex={isSame(focused, node) ? 0 : -1}
                aria-label={wordsOf(of, node)}
                style={{ left: `${leftOf(layer)}px`, top: `${middleOf(node) - size / 2}px`, width: `${size}px` }}
                onFocus={() => (linked.value = current.value = node)}
                onBlur={() => (linked.value = undefined)}
                onPointerEnter={() => (linked.value = node)}
                onPointerLeave={() => (linked.value = undefined)}
                onClick={(event) => event.currentTarget.focus()}
              >
                {label && (
                  <span class={isLast ? "label after" : "label"} aria-hidden="true">
                    {label(index)}
                  </span>
                )}
                <Picture of={picture} />
              </button>
            );
          }),
        )}
      </div>
      <p class="node-words small numbers">{wanted ? wordsOf(of, wanted) : introduction(layers)}</p>
      <p class="legend small numbers">
        <span class="soft">weights</span>
        <span>{short(-scale.most, 2)}</span>
        <span class="bar" style={{ background: gradient(scale) }} aria-hidden="true" />
        <span>{short(scale.most, 2)}</span>
      </p>
    </section>
  );
}

const arrows: Readonly<Record<string, readonly [layer: number, index: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const isSame = (a: Node, b: Node): boolean => a.layer === b.layer && a.index === b.index;

/** A square picture with a pixel for each number, row by row. `paint` returns the color of a number. */
interface Painted {
  readonly numbers: Float32Array;
  readonly side: number;
  readonly paint: (x: number) => readonly [number, number, number];
}

interface LayerView {
  /** The name of the layer, such as “hidden units”. */
  readonly title: string;
  readonly pictures: readonly Painted[];
  readonly label?: (index: number) => string;
}

const places = gridPoints(unitNodes);
const inputs = [0, 1].map((axis) => Float32Array.from({ length: unitNodes ** 2 }, (_, i) => places[2 * i + axis]!));

/** Returns the layers with the pictures of their nodes. The pictures of a layer share one color scale. */
function layersOf({ units }: NetworkData): readonly LayerView[] {
  const inScale = (scale: Scale) => (numbers: Float32Array) => ({
    numbers,
    side: unitNodes,
    paint: (x: number) => colorOf(x, scale),
  });
  const ofInputs = { title: "inputs", label: (i: number) => inputNames[i]!, pictures: inputs.map(inScale(scaleOf(inputs))) }; // biome-ignore format: a line
  const ofUnits = { title: "hidden units", pictures: units.map(inScale(scaleOf(units))) };
  const ofClasses = { title: "classes", label: (k: number) => letters[k]!, pictures: probabilities() };
  return units.length > 0 ? [ofInputs, ofUnits, ofClasses] : [ofInputs, ofClasses];
}

function scaleOf(all: readonly Float32Array[]): Scale {
  let [least, most] = [0, 0];
  for (const numbers of all)
    for (const x of numbers) if (Number.isFinite(x)) [least, most] = [Math.min(least, x), Math.max(most, x)];
  return scaleFor({ least, most });
}

/** Returns a picture for each class, which shows the probability of the class at each point of the plane. */
function probabilities(): Painted[] {
  const field = slowReport.value?.field ?? new Float32Array();
  const classes = field.length / nodes ** 2;
  const ground = paper();
  return Array.from({ length: classes }, (_, k) => {
    const ink = rgbOf(colorOfClass(k));
    return {
      numbers: Float32Array.from({ length: nodes ** 2 }, (_, i) => field[i * classes + k]!),
      side: nodes,
      paint: (p) =>
        [0, 1, 2].map((c) => ground[c]! + (ink[c]! - ground[c]!) * p) as unknown as [number, number, number],
    };
  });
}

function Picture({ of: { numbers, side, paint } }: { of: Painted }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(side, side);
    for (let i = 0; i < numbers.length; i++) image.data.set([...paint(numbers[i]!), 255], 4 * i);
    context.putImageData(image, 0, 0);
  });
  return <canvas ref={canvas} width={side} height={side} />;
}

interface Weight {
  readonly from: Node;
  readonly to: Node;
  readonly weight: number;
}

/** Returns the weights between the drawn nodes. `counts` are the numbers of drawn nodes in each layer. */
function weightsOf({ layers }: NetworkData, counts: readonly number[]): Weight[] {
  return layers.flatMap((layer, l) =>
    Array.from({ length: counts[l]! * counts[l + 1]! }, (_, place) => {
      const [i, j] = [Math.floor(place / counts[l + 1]!), place % counts[l + 1]!];
      return { from: { layer: l, index: i }, to: { layer: l + 1, index: j }, weight: entry(layer, i, j) };
    }),
  );
}

const entry = ({ W, b }: LayerData, i: number, j: number): number => W[i * b.length + j]!;

const introduction = (layers: readonly LayerView[]): string =>
  `Each picture shows the output of a node at every point of the plane. ${layers.length > 2 ? "Hover or focus a node to see its weights." : "The model has no hidden units: choose some in the settings."}`;

/** Describes a node and its weights. */
function wordsOf({ layers, units }: NetworkData, { layer, index }: Node): string {
  const [first, last] = [layers[0]!, layers.at(-1)!];
  const isDeep = layers.length > 1;
  if (layer === 0) {
    const to = isDeep ? (j: number) => `unit ${j + 1}` : (k: number) => letters[k]!;
    const count = isDeep ? units.length : first.b.length;
    return `Input ${inputNames[index]}. Weights to ${listed(count, (j) => [to(j), entry(first, index, j)])}`;
  }
  if (isDeep && layer === 1) {
    const sum = sumOf([entry(first, 0, index), entry(first, 1, index)], first.b[index]!);
    return `Unit ${index + 1} = ${activation.value}(${sum}). Weights to ${listed(last.b.length, (k) => [letters[k]!, entry(last, index, k)])}`;
  }
  if (!isDeep)
    return `Logit of ${letters[index]} = ${sumOf([entry(last, 0, index), entry(last, 1, index)], last.b[index]!)}`;
  return `Class ${letters[index]}, bias ${short(last.b[index]!, 2)}. Weights from ${listed(units.length, (j) => [`unit ${j + 1}`, entry(last, j, index)])}`;
}

/** Writes a sum such as 0.5 x − 1.2 y + 0.1. */
function sumOf(weights: readonly number[], bias: number): string {
  const terms = [...weights.map((weight, i) => [weight, ` ${inputNames[i]}`] as const), [bias, ""] as const];
  return terms
    .map(([x, name], i) => `${i === 0 ? (x < 0 ? "−" : "") : x < 0 ? " − " : " + "}${short(Math.abs(x), 2)}${name}`)
    .join("");
}

/**
 * Returns a text with names and weights. If there are more than six weights, the text contains only the four largest.
 */
function listed(count: number, of: (i: number) => readonly [name: string, weight: number]): string {
  const all = Array.from({ length: count }, (_, i) => of(i));
  const largest = all.toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a)).slice(0, 4);
  const shown = all.length > 6 ? largest : all;
  const text = shown.map(([name, weight]) => `${name}:\u00a0${short(weight, 2)}`).join(", ");
  return shown.length < all.length ? `${text} (the largest ${shown.length} of ${all.length}).` : `${text}.`;
}
