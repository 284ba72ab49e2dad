import { useSignal } from "@preact/signals";
import type { Numbers } from "../../parts/HeatMap.tsx";
import type { PullData, StepData } from "../../sandbox/protocol.ts";
import { Cells, Sign } from "./pieces.tsx";
import type { Timeline } from "./timeline.ts";

// Draws the VJP rules of two ops with their numbers: the matrix product and softmax.

const mostDrawn = 4096; // the maximum number of elements of a drawn tensor

/**
 * Whether the page can draw the VJP rule for input number `k` of a step. The page can draw the rules of the product of
 * two matrices, and of softmax along the last axis.
 */
export function canDraw(of: Timeline, { op, known, params, inputs, output }: StepData, k: number): boolean {
  const tensors = [...inputs, output];
  if (!known || tensors.some((tensor) => of.recording.tensors[tensor]!.size > mostDrawn)) return false;
  const ranks = tensors.map((tensor) => of.shape(tensor).length);
  if (op === "matmul") return ranks.every((rank) => rank === 2);
  const rank = ranks[0]!;
  return op === "softmax" && k === 0 && (rank === 1 || rank === 2) && new RegExp(`=\\[${rank - 1}\\]`).test(params);
}

interface Props {
  readonly of: Timeline;
  readonly pull: PullData;
  readonly step: StepData;
  /** The index of the input. */
  readonly k: number;
  /** The contribution to the cotangent of the input. */
  readonly given: number;
}

export const RuleDrawing = (props: Props) =>
  props.step.op === "matmul" ? <Product {...props} /> : <Stages {...props} />;

/**
 * Draws the rule of a matrix product, ā = g bᵀ or b̄ = aᵀ g. Pointing at an entry of the product highlights the row and
 * the column from which it is computed.
 */
function Product({ of, pull, step, k, given }: Props) {
  const hovered = useSignal<number | undefined>(undefined);
  const [first, second] = [of.numbers(step.inputs[0]!), of.numbers(step.inputs[1]!)];
  const g = { of: of.numbers(pull.cotangent), name: "g", hue: "cotangent" } as const;
  const transposed = k === 0 ? transpose(second) : transpose(first);
  const other = { of: transposed, name: k === 0 ? "b" : "a", hue: "value", isTransposed: true } as const;
  const [left, right] = k === 0 ? [g, other] : [other, g];
  const product = of.numbers(given);
  const [columns, inner] = [product.shape[1]!, left.of.shape[1]!];
  const at = hovered.value;
  const range = Array.from({ length: inner }, (_, i) => i);
  const row = at === undefined ? undefined : range.map((i) => Math.floor(at / columns) * inner + i);
  const column = at === undefined ? undefined : range.map((i) => i * columns + (at % columns));
  return (
    <div class="rule-drawing">
      <Factor {...left} marked={row} />
      <Sign text="·" />
      <Factor {...right} marked={column} />
      <Sign text="=" />
      <figure class="factor">
        <figcaption class="small soft">
          <Bar of={k === 0 ? "a" : "b"} />, row by column
        </figcaption>
        <Cells
          of={product}
          name={`the cotangent of ${k === 0 ? "a" : "b"}`}
          hue="cotangent"
          bare
          onHover={(place) => {
            hovered.value = place;
          }}
        />
      </figure>
    </div>
  );
}

interface FactorProps {
  readonly of: Numbers;
  readonly name: string;
  readonly hue: "value" | "cotangent";
  readonly isTransposed?: boolean;
  readonly marked?: readonly number[] | undefined;
}

function Factor({ of, name, hue, isTransposed = false, marked }: FactorProps) {
  return (
    <figure class="factor">
      <figcaption class="small soft">
        <i>{name}</i>
        {isTransposed && <sup>T</sup>}
      </figcaption>
      <Cells of={of} name={isTransposed ? `${name} transposed` : name} hue={hue} bare marked={marked} />
    </figure>
  );
}

/** A letter with a bar, which marks a cotangent. */
const Bar = ({ of }: { of: string }) => <i>{of}̄</i>;

function transpose(x: Numbers): Numbers {
  const [rows, columns] = [x.shape[0]!, x.shape[1]!];
  const data = Float64Array.from(
    { length: rows * columns },
    (_, i) => x.data[(i % rows) * columns + Math.floor(i / rows)]!,
  );
  return { shape: [columns, rows], dtype: x.dtype, data };
}

/**
 * Draws the VJP rule of softmax for the output s and the cotangent g. The three stages are the mean ⟨g, s⟩, the
 * differences g − ⟨g, s⟩, and the product s ⊙ (g − ⟨g, s⟩).
 */
function Stages({ of, pull, step, given }: Props) {
  const hovered = useSignal<number | undefined>(undefined);
  const [s, g, product] = [of.numbers(step.output), of.numbers(pull.cotangent), of.numbers(given)];
  const classes = s.shape.at(-1)!;
  const rows = s.data.length / classes;
  const means = Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = i * classes; j < (i + 1) * classes; j++) sum += g.data[j]! * s.data[j]!;
    return sum;
  });
  const differences = Float64Array.from(g.data, (x, j) => x - means[Math.floor(j / classes)]!);
  const at = hovered.value;
  const row = at === undefined ? undefined : Math.floor(at / classes);
  const inRow = row === undefined ? undefined : Array.from({ length: classes }, (_, j) => row * classes + j);
  const one = at === undefined ? undefined : [at];
  const dtype = g.dtype;
  return (
    <div class="rule-drawing">
      <Factor of={s} name="s" hue="value" marked={inRow} />
      <Factor of={g} name="g" hue="cotangent" marked={inRow} />
      <Stage count={1} name="the mean ⟨g, s⟩">
        <Cells
          of={{ shape: [rows, 1], dtype, data: means }}
          name="the mean ⟨g, s⟩"
          hue="cotangent"
          bare
          marked={row === undefined ? undefined : [row]}
        />
      </Stage>
      <Stage count={2} name="the difference g − ⟨g, s⟩">
        <Cells
          of={{ shape: g.shape, dtype, data: differences }}
          name="the difference"
          hue="cotangent"
          bare
          marked={one}
        />
      </Stage>
      <Stage count={3} name="times s">
        <Cells
          of={product}
          name="the product with s"
          hue="cotangent"
          bare
          onHover={(place) => {
            hovered.value = place;
          }}
        />
      </Stage>
    </div>
  );
}

const Stage = ({ count, name, children }: { count: number; name: string; children: preact.ComponentChildren }) => (
  <figure class={`factor stage-${count}`}>
    <figcaption class="small soft">
      {count}. {name}
    </figcaption>
    {children}
  </figure>
);
