/**
 * Computes the Jacobian of softmax by the quotient rule and by the tape, and measures the rounding errors of three
 * formulas for the VJP of softmax.
 *
 * `rules.ts` prints the quotient rule with numbers inserted. `ways.ts` has the three formulas for the VJP.
 * `../shared/fixed.ts` has the arithmetic of the reference values.
 */
import { explain, jacobian, record, type Tensor, tensor } from "@wengert/core";
import { softmax } from "@wengert/ops";
import { farthest } from "../shared/algebra.ts";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { InputError, type Option } from "../shared/options.ts";
import { index, size, table } from "../shared/table.ts";
import { besideEachOther, components, quotientRule, sweepOfRow } from "./rules.ts";
import { type Comparison, closedForm, compare, confident, softmaxInSteps, wayNames } from "./ways.ts";

const rests = [1e-1, 1e-4, 1e-8, 1e-12, 1e-16];
const constant = 1000;

/** An option for 2 to 4 numbers, separated by commas. */
function numbers(fallback: readonly number[], help: string): Option<readonly number[]> {
  const read: Option<readonly number[]>["read"] = (text) => {
    const value = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
    const fits = value.length >= 2 && value.length <= 4 && value.every((x) => Math.abs(x) <= 50);
    return fits ? { value } : { wanted: "2 to 4 numbers between -50 and 50, separated by commas" };
  };
  return { placeholder: "N,N,...", fallback, help, read };
}

interface Outcome {
  readonly tape: Tensor;
  readonly closed: Tensor;
  /**
   * The rounding errors of three methods to compute softmax's VJP, when the largest probability is 1 − `rest`. `plain`
   * has the errors for a cotangent g, and `shifted` has the errors for g + 1000.
   */
  readonly comparisons: readonly { readonly rest: number; readonly plain: Comparison; readonly shifted: Comparison }[];
}

const jacobianOfSoftmax: Command<Outcome> = command({
  summary: "the Jacobian of softmax by quotient rule, tape and closed form, and the rounding errors of three VJPs",
  options: {
    x: numbers([2, 1, 0], "the input of softmax"),
    g: numbers([3, -1, 0.5], "the cotangent of S = softmax(x), of the same length as x"),
  },
  run({ x, g }) {
    if (x.length !== g.length)
      throw new InputError(`--x has ${x.length} numbers, --g has ${g.length}; pass the same number.`);
    if (g.every((gi) => gi === g[0]))
      throw new InputError("--g has only equal numbers, so its VJP is 0 for every x; pass different numbers.");

    const at = tensor(x, { label: "x" });
    const closed = closedForm(softmax(at));
    const tape = jacobian((y: Tensor) => softmax(y))(at);
    const steps = jacobian(softmaxInSteps)(at);
    console.log(`S = N / D with N = e^x and D = ΣN. The quotient rule: ∂Sᵢ/∂xⱼ = (Nᵢ′ D - Nᵢ D′) / D², where ′ is ∂/∂xⱼ.

${quotientRule(x, 0, 0)}
${quotientRule(x, 0, 1)}

The tape of those steps:

${explain(record(softmaxInSteps, at))}

Reading it backwards from the cotangent that is 1 at S₀ reproduces the quotient rule, and ends with row 0 of the
Jacobian. (N is used twice, by div and by sum, so its two contributions are added.)

${sweepOfRow(at, 0)}

In one formula, D_jS_i = S_i(δ_ij - S_j). Next to it the result of \`jacobian\` on the softmax op:

${besideEachOther({ "closed form": closed, "from the tape": tape })}

They differ by at most ${size(farthest(tape, closed))}. The Jacobian from the tape of the three steps above differs \
by ${size(farthest(steps, closed))}.
`);

    const comparisons = rests.map((rest) => {
      const there = confident(x, rest);
      const withConstant = g.map((gi) => gi + constant);
      return { rest, plain: compare(there, g), shifted: compare(there, withConstant) };
    });
    const m = index(x.indexOf(Math.max(...x)));
    console.log(`The VJP x̄ⱼ = Σᵢ gᵢ D_jS_i for g = ${g.join(", ")}, with x${m} adjusted so that S${m} = 1 - 1e-12:
each component, and below it the relative error against arithmetic with 150 digits.

${components(comparisons[rests.indexOf(1e-12)]!.plain)}

Doubles near 1 are 1.1e-16 apart. The explicit Jacobian needs 1 - S${m}, the textbook S ⊙ (g - ⟨g, S⟩) needs g${m} - ⟨g, S⟩.
Both subtract nearly equal numbers, which leaves about four correct digits. The centered op first subtracts g${m} from all
of g, because the Jacobian annihilates constants. The entry g${m} becomes 0, so the rounding of S${m} does not matter.

The largest error as S${m} approaches 1, for g, and for g + ${constant}, which has the same x̄:

${table([
  ["1 - S", ...wayNames.flatMap((way) => [way, `g + ${constant}`])],
  ...comparisons.map(({ rest, plain, shifted }) => [
    size(rest),
    ...wayNames.flatMap((way) => [plain, shifted].map(({ errors }) => size(Math.max(...errors[way])))),
  ]),
])}`);
    return { tape, closed, comparisons };
  },
});

await startIfMain(import.meta, jacobianOfSoftmax);

export default jacobianOfSoftmax;
