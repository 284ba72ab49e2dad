import { readFileSync } from "node:fs";
import { type Tensor, tensor } from "@wengert/core";
import { add, crossEntropy, matmul, mul, pow, square, sub, sum, tanh } from "@wengert/ops";
import {
  adam,
  adamw,
  chain,
  clipByGlobalNorm,
  constant,
  cosine,
  type LearningRate,
  linear,
  momentum,
  type Optimizer,
  piecewise,
  type Schedule,
  sgd,
  warmUp,
  weightDecay,
} from "../../src/index.ts";

type Nested = number | readonly Nested[];
type Tree = Nested | { readonly [name: string]: Tree };
/** A learning-rate schedule as optimizers.py describes it: the kind of schedule and its options. */
type Described =
  | { readonly kind: "constant" }
  | { readonly kind: "cosine"; readonly steps: number; readonly to?: number }
  | { readonly kind: "linear"; readonly steps: number; readonly to?: number }
  | { readonly kind: "warmUp"; readonly steps: number; readonly from: number; readonly into?: Described }
  | { readonly kind: "piecewise"; readonly at: readonly number[]; readonly factor: number };

interface Trajectory {
  readonly optimizer: "sgd" | "momentum" | "adam" | "adamw";
  readonly loss: keyof typeof losses;
  readonly options: { readonly rate: number; readonly weightDecay?: number };
  readonly clip?: number;
  readonly schedule?: Described;
  readonly start: Tree;
  /** Returns the parameters after a number of optimizer steps. */
  readonly after: Readonly<Record<string, Tree>>;
}

/** The output of optimizers.py. */
export const goldens = JSON.parse(readFileSync(new URL("optimizers.json", import.meta.url), "utf8")) as {
  readonly trajectories: readonly Trajectory[];
  readonly schedules: readonly {
    readonly rate: number;
    readonly schedule: Described;
    readonly values: readonly number[];
  }[];
};

type Params = { readonly [name: string]: Tensor | Params };
const rows = tensor([
  [0.5, -1, 2],
  [1.5, 0.25, -0.75],
  [-2, 1, 0.5],
  [0, -0.5, 1.25],
]);
const classes = tensor([0, 1, 1, 0], { dtype: "int32" });

/** The losses of the test cases, which optimizers.py defines in the same way for PyTorch. */
export const losses = {
  valley: ({ x }: { x: Tensor }) => mul(0.5, sum(mul(tensor([1e-3, 1, 30, 1e3]), square(x)))),
  rosenbrock: ({ x, y }: { x: Tensor; y: Tensor }) => add(square(sub(1, x)), mul(100, square(sub(y, pow(x, 2))))),
  network: ({ hidden: { W, b }, out }: { hidden: { W: Tensor; b: Tensor }; out: Tensor }) =>
    crossEntropy(matmul(tanh(add(matmul(rows, W), b)), out), classes),
} as unknown as Readonly<Record<"valley" | "rosenbrock" | "network", (params: Params) => Tensor>>;

export const scheduleOf = (rate: number, given: Described): Schedule => {
  if (given.kind === "constant") return constant(rate);
  if (given.kind === "cosine") return cosine({ from: rate, ...withoutKind(given) });
  if (given.kind === "linear") return linear({ from: rate, ...withoutKind(given) });
  if (given.kind === "warmUp") {
    const { from, steps, into } = given;
    return warmUp({ from, steps, learningRate: into ? scheduleOf(rate, into) : rate });
  }
  return piecewise([[0, rate], ...given.at.map((at, i) => [at, rate * given.factor ** (i + 1)] as const)]);
};

const withoutKind = <T extends { readonly kind: string }>({ kind: _, ...options }: T): Omit<T, "kind"> => options;

const byName = { sgd, momentum, adam, adamw } as const;

/**
 * Creates the optimizer of a test case. Coupled weight decay and gradient clipping are separate optimizers in a
 * `chain`; in PyTorch they are options.
 */
export function optimizerOf({ optimizer, options, clip, schedule }: Trajectory): Optimizer {
  const { weightDecay: decay, rate, ...others } = options;
  const learningRate: LearningRate = schedule ? scheduleOf(rate, schedule) : rate;
  const isDecoupled = optimizer === "adamw";
  const all = { ...others, learningRate, ...(isDecoupled && decay !== undefined ? { weightDecay: decay } : {}) };
  const links: Optimizer[] = [byName[optimizer](all) as Optimizer];
  if (decay !== undefined && !isDecoupled) links.unshift(weightDecay(decay) as Optimizer);
  if (clip !== undefined) links.unshift(clipByGlobalNorm(clip) as Optimizer);
  return links.length === 1 ? links[0]! : (chain(...links) as Optimizer);
}

export const tensorsOf = (tree: Tree): Params => {
  const of = (node: Tree): Tensor | Params =>
    typeof node === "number" || Array.isArray(node)
      ? tensor(node as Nested)
      : Object.fromEntries(Object.entries(node).map(([name, entry]) => [name, of(entry)]));
  return of(tree) as Params;
};

/** Returns the title of a test case: its optimizer and options. */
export const titleOf = ({ optimizer, loss, options, clip, schedule }: Trajectory): string =>
  [
    `${optimizer} ${JSON.stringify(options)} on ${loss}`,
    clip && `clipped to ${clip}`,
    schedule && JSON.stringify(schedule),
  ]
    .filter(Boolean)
    .join(", ");
