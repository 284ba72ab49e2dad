/**
 * Defines two ops: Kepler's equation, and atan2. The rule of the first comes from the equation, not from the iteration that
 * solves it. `gradcheck` accepts it to second order, and says what is wrong with five other rules. The kernel of the second is
 * one call of ndarray-ops.
 *
 * `orbit.ts` has the iteration, atan2, and the fit of an orbit.
 */
import { explain, grad, hessian, record, ShapeError, stopGradient, type Tensor, tensor } from "@wengert/core";
import { defineOp, describe, type Op, ravel } from "@wengert/core/extend";
import { GradcheckError, gradcheck } from "@wengert/core/gradcheck";
import { div, mul, neg, pow, sin, sqrt, square, sub, sum } from "@wengert/ops";
import { relativeDistance } from "../shared/algebra.ts";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { between, count } from "../shared/options.ts";
import { size, table } from "../shared/table.ts";
import { angleAt, findEccentricity, type Guess, type Kepler, keplerInSteps, placeAt, root, slope } from "./orbit.ts";

/**
 * E = kepler(M, e), the root of E − e sin E = M for each M, with one e in [0, 1). No formula gives it; but
 * (1 − e cos E) dE = dM + sin E de, hence M̄ = g / (1 − e cos E), and ē = Σ M̄ sin E as all M share the one e.
 */
export const kepler: Op<readonly [M: Tensor, e: Tensor]> = defineOp({
  name: "kepler",
  shape: ([M, e]) => {
    if (e.shape.length === 0) return M.shape;
    throw new ShapeError(`kepler: expected one number e, got ${describe(e, "e")}; call it once for each orbit`);
  },
  kernel: (out, [M, e]) => {
    const [times, eccentricity] = [ravel(M), ravel(e)[0]!];
    for (let i = 0; i < times.length; i++) out.data[i] = root(times[i]!, eccentricity);
  },
  vjp: [
    (g, { inputs: [, e], output: E }) => div(g, slope(E, e)),
    (g, { inputs: [, e], output: E }) => sum(mul(div(g, slope(E, e)), sin(E))),
  ],
  samples: () => [[tensor([-4, 0.5, 2]), 0.3]],
});

const [toM, toE] = kepler.spec.vjp;
const withRules = (vjp: typeof kepler.spec.vjp): typeof kepler =>
  defineOp<readonly [M: Tensor, e: Tensor]>({ ...kepler.spec, vjp });

interface Slip {
  readonly formula: string;
  readonly wrong: string;
  readonly op: typeof kepler;
  /** The times M at which it is checked. */
  readonly times: readonly number[];
}

const times = [-4, 0.5, 2];

/** The same op with rules that compile, and are wrong. */
export const slips: readonly [Slip, Slip, Slip, Slip, Slip] = [
  {
    formula: "M̄ = -g / (1 - e cos E)",
    wrong: "dM went to the other side of the equation, and kept its sign.",
    op: withRules([(g, { inputs: [, e], output: E }) => neg(div(g, slope(E, e))), toE]),
    times,
  },
  {
    formula: "ē = Σ g sin E",
    wrong: "The division is missing. At M = 2 alone the factor is 1 / (1 - e cos E): see ∂E/∂M in the table.",
    op: withRules([toM, (g, { output: E }) => sum(mul(g, sin(E)))]),
    times: [2],
  },
  {
    formula: "ē = M̄ sin E",
    wrong: "The sum is missing: each M gives something to the one e that all of them share.",
    op: withRules([toM, (g, { inputs: [, e], output: E }) => mul(div(g, slope(E, e)), sin(E))]),
    times,
  },
  {
    formula: "M̄ = 1 / (1 - e cos E)",
    wrong: "g is missing: that is a derivative. A pullback gives twice as much for twice the cotangent.",
    op: withRules([(_, { inputs: [, e], output: E }) => div(1, slope(E, e)), toE]),
    times,
  },
  {
    formula: "M̄ and ē as they should be, but of an E taken for a constant",
    wrong: "Right at order 1. But E depends on M and e, and whoever differentiates the rule must see that.",
    op: withRules([
      (g, { inputs: [, e], output: E }) => div(g, slope(stopGradient(E), e)),
      (g, { inputs: [, e], output: E }) => sum(mul(div(g, slope(stopGradient(E), e)), sin(stopGradient(E)))),
    ]),
    times,
  },
];

/** What `gradcheck` says of a rule; `undefined` if it has nothing to say. */
export function verdict(op: typeof kepler, at: readonly number[], e: number): GradcheckError | undefined {
  try {
    gradcheck((M: Tensor, ecc: Tensor) => op(M, ecc), [tensor(at), tensor(e)], { order: 2 });
    return undefined;
  } catch (error) {
    if (error instanceof GradcheckError) return error;
    throw error;
  }
}

interface Outcome {
  /** The largest relative differences: from formulas, from Kepler's second law, and from Newton's steps as ops. */
  readonly apart: { readonly formulas: number; readonly areas: number; readonly steps: number };
  readonly errors: readonly (GradcheckError | undefined)[];
  /** The fit with the right rules, and with those that are right at order 1 only. */
  readonly guesses: readonly Guess[];
  readonly slipping: readonly Guess[];
}

const customOp: Command<Outcome> = command({
  summary:
    "two ops of your own: Kepler's equation in 20 lines, its rule checked, used and got wrong; atan2 by ndarray-ops",
  options: {
    e: between(0.05, 0.7, 0.2056, "eccentricity of the orbit, by default Mercury's"),
    sightings: count(12, "at how many times the planet is seen", { min: 8 }),
  },
  run({ e: given, sightings }) {
    const [M, e] = [tensor(times, { label: "M" }), tensor(given, { label: "e" })];
    const E = kepler(M, e);
    const total = (solve: Kepler) => (at: Tensor) => sum(solve(at, e));
    const [first, second] = [grad(total(kepler))(M), sum(hessian(total(kepler))(M), { axis: 1 })]; // E is of one M only
    const onPaper = [div(1, slope(E, e)), div(neg(mul(e, sin(E))), pow(slope(E, e), 3))] as const;
    const formulas = Math.max(relativeDistance(first, onPaper[0]), relativeDistance(second, onPaper[1]));
    const speed = grad((at: Tensor) => sum(angleAt(kepler(at, e), e)))(M);
    const areas = relativeDistance(speed, div(sqrt(sub(1, square(e))), square(slope(E, e))));
    const columns = [
      ["M", M, String],
      ["E", E, fixed],
      ["E - e sin E - M", sub(sub(E, mul(e, sin(E))), M), size],
      ["∂E/∂M by grad", first, fixed],
      ["∂²E/∂M² by hessian", second, fixed],
    ] as const;
    console.log(`At the time M a planet on an ellipse of eccentricity e stands at the angle E for which (Kepler 1609)

  E - e sin E = M

No formula gives E. The op \`kepler\` finds it by Newton's method, in a loop of which a tape knows nothing. Its rule
needs no loop: differentiate the equation, and collect what belongs to dE.

  dE - e cos E dE - sin E de = dM    so    dE = (dM + sin E de) / (1 - e cos E)

Two factors carry dM and de to dE; a cotangent g of E goes back by the same two. One e serves all M, so that its
cotangent is a sum:

  M̄ = g / (1 - e cos E)              ē = Σ M̄ sin E

With its comment that is an op in 20 lines: packages/examples/src/custom-op/main.ts. At e = ${given}:

${table([
  columns.map(([heading]) => heading),
  ...times.map((_, i) => columns.map(([, column, text]) => text(numbers(column)[i]!))),
])}

On paper they are 1 / (1 - e cos E) and -e sin E / (1 - e cos E)³: the same to ${size(formulas)}. Nobody wrote a second
derivative. The rule is made of ops, which have rules of their own.

ndarray-ops has the loops of most elementwise functions, so most ops need no loop of their own. This is the kernel of
\`atan2\`, the other op of this lesson (packages/examples/src/custom-op/orbit.ts):

  kernel: (out, [y, x]) => ops.atan2(out, y, x)

It gives the angle ν of the planet at the sun, and the derivative of ν is Kepler's second law: r² ∂ν/∂M = √(1 - e²)
for every M, where r = 1 - e cos E is the distance to the sun. By the tape it holds to ${size(areas)}.
`);

    const place = record((m: Tensor, ecc: Tensor) => placeAt(kepler(m, ecc), ecc), M, e);
    const inSteps = record(keplerInSteps, M, e).steps.length;
    const steps = relativeDistance(grad(total(keplerInSteps))(M), first);
    console.log(`The tape from there to the place that the sun sees, x = cos E - e and y = √(1 - e²) sin E:

${explain(place)}

Newton's method written in ops would be on it too: ${inSteps} steps in place of #1, all of which a sweep would have to read
to find the same ∂E/∂M. (The largest difference, relatively, is ${size(steps)}.)
`);

    const errors = slips.map(({ op, times }) => verdict(op, times, given));
    console.log(`Is the rule right? \`gradcheck(kepler, [M, e], { order: 2 })\` compares ⟨u, J v⟩ with finite differences, in
random directions, forward and in reverse, and then the derivatives of the rule in the same way. It says
${verdict(kepler, times, given)?.message ?? "nothing: they agree"}.

Here is what it says of rules that compile, and are wrong.

${slips.map(({ formula, wrong }, i) => `${i + 1}.  ${formula}\n    ${wrong}\n${quoted(errors[i])}`).join("\n\n")}
`);

    const at = tensor(Array.from({ length: sightings }, (_, i) => (2 * Math.PI * i) / sightings));
    const seen = rounded(placeAt(kepler(at, e), e));
    const [guesses, slipping] = [kepler, slips[4].op].map((op) => findEccentricity(op, at, seen, 6)) as [
      Guess[],
      Guess[],
    ];
    console.log(`What does a wrong second derivative do? Somebody sees the planet at ${sightings} times of a year, each coordinate to
a tenth, and wants e. The loss L is the mean square of the differences; Newton's method e ← e - L′(e) / L″(e) takes L′
from \`grad\` and L″ from \`hessian\`. On the left with the op as it is, on the right with rule 5.

${table([
  ["step", "e", "L′", "e by rule 5", "L′ by rule 5"],
  ...guesses.map((guess, i) => [`${i}`, ...[guess, slipping[i]!].flatMap(({ e, slope }) => [fixed(e), size(slope)])]),
])}

On the left each step doubles the digits of L′ = 0, as Newton's method must; on the right each adds about as many as
the one before. Both end at the same e, and nobody would have noticed, but for \`gradcheck\` at order 2.`);
    return { apart: { formulas, areas, steps }, errors, guesses, slipping };
  },
});

/** The words of `gradcheck`: the numbers, if it came as far as numbers, and the cause. */
function quoted(error: GradcheckError | undefined): string {
  const [numbers = "", ...cause] = error?.message.split(/; (?=likely cause)/) ?? [];
  const lines = Number.isNaN(error?.diagnosis.numeric) ? cause : [numbers, ...cause];
  return lines
    .flatMap((line) => line.match(/\S.{0,111}(?= |$)/g) ?? [])
    .map((line) => `    > ${line}`)
    .join("\n");
}

/** Each number to a tenth. */
const rounded = (x: Tensor): Tensor =>
  tensor(x.toNested<number[][]>().map((row) => row.map((value) => Math.round(10 * value) / 10)));

const fixed = (x: number): string => x.toFixed(12);
const numbers = (x: Tensor): number[] => x.toNested<number[]>();

await startIfMain(import.meta, customOp);

export default customOp;
