import { accumulateCotangent, applyRules } from "../autodiff/sweep.ts";
import { flowsTo, type Step } from "../autodiff/tape.ts";
import { runWithTape } from "../autodiff/vjp.ts";
import { mustBeList } from "../checks/arguments.ts";
import { ArgumentError } from "../checks/errors.ts";
import { constantLike } from "../values/create.ts";
import { isFloat } from "../values/dtype.ts";
import { isAlike, kindText, type Tensor } from "../values/tensor.ts";
import { asTree, leaves } from "../values/tree.ts";
import { checkListing, type Listing } from "./trace.ts";

// Forward mode over a list of recorded steps, one step at a time. For a step with the Jacobian J, the VJP rule maps a
// cotangent u to uᵀ J. The transpose of this linear map takes a tangent v to J v.

/** A recorded step, and the tangent of its output. */
export interface Push {
  readonly step: Step;
  readonly tangent: Tensor;
}

/**
 * Computes forward-mode derivatives: reads a recording from its first step to its last, and yields the tangent of the
 * output of each step that depends on the inputs. `tangents` has a tree of tangents for each argument of the recorded
 * function. Tangents of integers are ignored. The last tangent equals that of `jvp`.
 * @throws ArgumentError unless given a recording and a tangent for each of its inputs
 * @throws TreeError if a tree of tangents differs from the tree of its argument
 */
export function* pushes(recording: Listing, tangents: readonly unknown[]): Generator<Push, void> {
  checkListing("pushes", recording);
  mustBeList("pushes", "tangents", tangents);
  const { inputs, steps } = recording;
  const given = tangents.flatMap((tree, i) => leaves("pushes", asTree(tree, inputs[i]), "tangents"));
  const wrong = inputs.findIndex((x, i) => given[i] === undefined || !isAlike(given[i], x));
  if (wrong >= 0 || given.length !== inputs.length) {
    const got = given[wrong] ? kindText(given[wrong]) : `${given.length} tensors for ${inputs.length} inputs`;
    throw new ArgumentError(
      `pushes: tangents must have one tensor like each input of the recording${wrong < 0 ? "" : `, ${kindText(inputs[wrong]!)} for input ${wrong}`}; got ${got}`,
    );
  }
  const known = new Map<Tensor, Tensor>();
  for (const [i, x] of inputs.entries()) if (isFloat(x.dtype)) known.set(x, given[i]!);
  for (const step of steps) {
    const tangent = tangentOf(step, known);
    if (tangent === undefined) continue;
    known.set(step.output, tangent);
    yield { step, tangent };
  }
}

/** Returns the tangent of a step's output, or `undefined` if no input with a derivative has a tangent. */
function tangentOf(step: Step, known: ReadonlyMap<Tensor, Tensor>): Tensor | undefined {
  const { op, inputs, output } = step;
  if (!isFloat(output.dtype) || !inputs.some((x, k) => known.has(x) && flowsTo(op, k))) return undefined;
  const rule = (u: Tensor) => applyRules(step, u, { tracks: (x) => known.has(x) });
  const { value, pull } = runWithTape("pushes", rule, [constantLike(output, 0)], [0]);
  const seeds = new Map<Tensor, Tensor>();
  for (const [k, contribution] of value.entries())
    if (contribution) accumulateCotangent(seeds, contribution, known.get(inputs[k]!)!);
  return (pull(seeds) as [Tensor])[0];
}
