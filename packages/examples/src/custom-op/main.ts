/**
 * Defines the ops `kepler` and `atan2`. The VJP rule of `kepler` comes from Kepler's equation, not from the iteration
 * that solves the equation. `gradcheck` confirms the first and second derivatives of `kepler`, and diagnoses five wrong
 * VJP rules. The kernel of `atan2` is one call of ndarray-ops.
 *
 * `orbit.ts` has the iteration, `atan2`, and the fit of an orbit.
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
 * Solves Kepler's equation E − e sin E = M for each M, with a scalar e in [0, 1). The differential of the equation is
 * (1 − e cos E) dE = dM + sin E de. So a cotangent g of E gives M̄ = g / (1 − e cos E) and ē = Σ M̄ sin E, since all M share e.
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
  /** The values of M in Kepler's equation at which `gradcheck` tests `kepler`. */
  readonly times: readonly number[];
}

const times = [-4, 0.5, 2];

/** Variants of `kepler` with wrong VJP rules that still compile. */
export const slips: readonly [Slip, Slip, Slip, Slip, Slip] = [
  {
    formula: "M̄ = -g / (1 - e cos E)",
    wrong: "dM moved to the other side of the equation without changing its sign.",
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
    wrong: "The sum is missing: all M share e, so each contributes to its cotangent.",
    op: withRules([toM, (g, { inputs: [, e], output: E }) => mul(div(g, slope(E, e)), sin(E))]),
    times,
  },
  {
    formula: "M̄ = 1 / (1 - e cos E)",
    wrong: "g is missing: this is a derivative. A pullback is linear in the cotangent g.",
    op: withRules([(_, { inputs: [, e], output: E }) => div(1, slope(E, e)), toE]),
    times,
  },
  {
    formula: "M̄ and ē as they should be, but with E treated as a constant",
    wrong: "Correct at order 1. But E depends on M and e, which the derivative of the rule must include.",
    op: withRules([
      (g, { inputs: [, e], output: E }) => div(g, slope(stopGradient(E), e)),
      (g, { inputs: [, e], output: E }) => sum(mul(div(g, slope(stopGradient(E), e)), sin(stopGradient(E)))),
    ]),
    times,
  },
];

/**
 * Runs `gradcheck` on an op. Returns the error that `gradcheck` throws, or `undefined` if the op's VJP rules are
 * correct.
 */
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
  /**
   * The largest relative differences between results of `kepler` and the expected results, which come from closed
   * formulas, from Kepler's second law, and from Newton's method.
   */
  readonly apart: { readonly formulas: number; readonly areas: number; readonly steps: number };
  readonly errors: readonly (GradcheckError | undefined)[];
  /**
   * The successive estimates of the eccentricity by Newton's method. `guesses` uses the correct VJP rules of `kepler`.
   * `slipping` uses VJP rules that give wrong second derivatives.
   */
  readonly guesses: readonly Guess[];
  readonly slipping: readonly Guess[];
}

const customOp: Command<Outcome> = command({
  summary: "two custom ops: Kepler's equation in 20 lines, its rule checked, used and broken; atan2 by ndarray-ops",
  options: {
    e: between(0.05, 0.7, 0.2056, "eccentricity of the orbit, by default Mercury's"),
    sightings: count(12, "number of observations of the planet", { min: 8 }),
  },
  run({ e: given, sightings }) {
    const [M, e] = [tensor(times, { label: "M" }), tensor(given, { label: "e" })];
    const E = kepler(M, e);
    const total = (solve: Kepler) => (at: Tensor) => sum(solve(at, e));
    const [first, second] = [grad(total(kepler))(M), sum(hessian(total(kepler))(M), { axis: 1 })]; // each E depends on one M only
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
    console.log(`At time M, a planet on an ellipse of eccentricity e is at the angle E that solves (Kepler 1609)

  E - e sin E = M

E has no closed form. The op \`kepler\` finds it by Newton's method, in a loop that no tape records. Its rule needs no
loop: differentiate the equation, and solve for dE.

  dE - e cos E dE - sin E de = dM    so    dE = (dM + sin E de) / (1 - e cos E)

Two factors map dM and de to dE. The pullback multiplies the cotangent g of E by the same two factors. All M share one
e, so its cotangent is a sum:

  M̄ = g / (1 - e cos E)              ē = Σ M̄ sin E

With its comment the op has 20 lines: packages/examples/src/custom-op/main.ts. At e = ${given}:

${table([
  columns.map(([heading]) => heading),
  ...times.map((_, i) => columns.map(([, column, text]) => text(numbers(column)[i]!))),
])}

On paper they are 1 / (1 - e cos E) and -e sin E / (1 - e cos E)³: equal to ${size(formulas)}. The second derivative needs
no extra code, because the rule is made of ops, which have rules too.

ndarray-ops has loops for most elementwise functions, so most ops need no handwritten loop. This is the kernel of
\`atan2\`, the other op of this example (packages/examples/src/custom-op/orbit.ts):

  kernel: (out, [y, x]) => ops.atan2(out, y, x)

It computes the angle ν of the planet as seen from the sun. The derivative of ν satisfies Kepler's second law:
r² ∂ν/∂M = √(1 - e²) for every M, where r = 1 - e cos E is the distance to the sun. On the tape it holds to ${size(areas)}.
`);

    const place = record((m: Tensor, ecc: Tensor) => placeAt(kepler(m, ecc), ecc), M, e);
    const inSteps = record(keplerInSteps, M, e).steps.length;
    const steps = relativeDistance(grad(total(keplerInSteps))(M), first);
    console.log(`The tape from M and e to the position relative to the sun, x = cos E - e and y = √(1 - e²) sin E:

${explain(place)}

Newton's method written in ops would add ${inSteps} steps to the tape instead of #1. A sweep would read all of them and find
the same ∂E/∂M. (The largest relative difference is ${size(steps)}.)
`);

    const errors = slips.map(({ op, times }) => verdict(op, times, given));
    console.log(`Is the rule correct? \`gradcheck(kepler, [M, e], { order: 2 })\` compares ⟨u, J v⟩ with finite differences, in
random directions, forward and in reverse. Then it checks the derivatives of the rule in the same way. The result:
${verdict(kepler, times, given)?.message ?? "no error"}.

Its messages for wrong rules that compile:

${slips.map(({ formula, wrong }, i) => `${i + 1}.  ${formula}\n    ${wrong}\n${quoted(errors[i])}`).join("\n\n")}
`);

    const at = tensor(Array.from({ length: sightings }, (_, i) => (2 * Math.PI * i) / sightings));
    const seen = rounded(placeAt(kepler(at, e), e));
    const [guesses, slipping] = [kepler, slips[4].op].map((op) => findEccentricity(op, at, seen, 6)) as [
      Guess[],
      Guess[],
    ];
    console.log(`What is the effect of a wrong second derivative? The planet is observed at ${sightings} times of a year, each coordinate
rounded to a tenth, and e is unknown. The loss L is the mean squared difference. Newton's method e ← e - L′(e) / L″(e)
takes L′ from \`grad\` and L″ from \`hessian\`. The left columns use the op, the right columns rule 5.

${table([
  ["step", "e", "L′", "e by rule 5", "L′ by rule 5"],
  ...guesses.map((guess, i) => [`${i}`, ...[guess, slipping[i]!].flatMap(({ e, slope }) => [fixed(e), size(slope)])]),
])}

On the left each step doubles the digits of L′ = 0, as Newton's method should. On the right each step adds about
the same number of digits. Both end at the same e, so only \`gradcheck\` at order 2 reveals the mistake.`);
    return { apart: { formulas, areas, steps }, errors, guesses, slipping };
  },
});

/** Extracts the compared derivatives (if any) and the likely cause from the error message of `gradcheck`. */
function quoted(error: GradcheckError | undefined): string {
  const [numbers = "", ...cause] = error?.message.split(/; (?=likely cause)/) ?? [];
  const lines = Number.isNaN(error?.diagnosis.numeric) ? cause : [numbers, ...cause];
  return lines
    .flatMap((line) => line.match(/\S.{0,111}(?= |$)/g) ?? [])
    .map((line) => `    > ${line}`)
    .join("\n");
}

/** Rounds each number of a matrix to one decimal place. */
const rounded = (x: Tensor): Tensor =>
  tensor(x.toNested<number[][]>().map((row) => row.map((value) => Math.round(10 * value) / 10)));

const fixed = (x: number): string => x.toFixed(12);
const numbers = (x: Tensor): number[] => x.toNested<number[]>();

await startIfMain(import.meta, customOp);

export default customOp;
