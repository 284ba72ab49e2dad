import { ArgumentError, Tensor, tensor } from "@wengert/core";
import { leavesAlike, show, unflatten, withDefaults } from "@wengert/core/extend";
import type { Communicator } from "@wengert/train";
import {
  countRows,
  fingerprintsOf,
  floatsOf,
  meanOverRanks,
  mustAgree,
  mustBeCommunicator,
  wholeNumber,
} from "@wengert/train/extend";
import { mustNotBeRecorded } from "./recording.ts";

export interface DataParallelOptions {
  /** The number of steps between two checks that all ranks hold the same parameters. Default 100. */
  readonly checkEvery?: number | undefined;
}

/**
 * The result of a step: the mean loss of a batch, and the gradient of this loss. The gradient is a tree with the same
 * structure as the parameters.
 */
export interface ValueAndGrad<P> {
  readonly value: Tensor;
  readonly grad: P;
}

const caller = "dataParallel";

/**
 * Distributes the gradient of a batch over all ranks. `step(params, batch, ...)` must return `{ value, grad }`: the mean
 * loss over the rows of a batch, and its gradient. Examples are `valueAndGrad(loss)` and `compile(valueAndGrad(loss))`.
 * The returned function has the same arguments, but each rank passes only its own rows of the batch. The function
 * returns the value and the gradient for the rows of all ranks. The result is equal on all ranks.
 *
 * The rows are along axis 0 of each tensor of `batch`. Ranks may have different numbers of rows: their results are
 * weighted by these numbers. A rank may pass a batch with 0 rows, and then does not run `step`. Other fields of the
 * result, such as `aux`, come from this rank's rows alone.
 *
 * The first call and every `checkEvery`-th call check that all ranks hold the same parameters.
 *
 * @throws ArgumentError on all ranks if a parameter differs between ranks (the message names the first such parameter),
 * or if no rank has a row
 * @throws ArgumentError inside a function that is being differentiated, compiled or traced
 */
export function dataParallel<P, B, Rest extends readonly unknown[], R extends ValueAndGrad<P>>(
  step: (params: P, batch: B, ...rest: Rest) => R,
  mpi: Communicator,
  options?: DataParallelOptions,
): (params: P, batch: B, ...rest: Rest) => R {
  if (typeof step !== "function")
    throw new ArgumentError(`${caller}: the step must be a function, got ${show(step)}; write valueAndGrad(loss)`);
  mustBeCommunicator(caller, "mpi", mpi);
  const settings = withDefaults<DataParallelOptions>(caller, options, { checkEvery: 100 });
  const checkEvery = wholeNumber(caller, "checkEvery", settings.checkEvery, 1);
  let calls = 0;
  return (params, batch, ...rest) => {
    mustNotBeRecorded(caller, "write dataParallel(compile(valueAndGrad(loss)), mpi), and call the result outside");
    const floats = floatsOf(caller, params);
    const weight = countRows(caller, batch, "batch").count;
    if (calls % checkEvery === 0)
      mustAgree(
        caller,
        mpi,
        fingerprintsOf(caller, params, "params"),
        `the parameters differ at call ${calls + 1}, so create them from the same key, and update them in the same way, on all ranks`,
      );
    calls++;
    // A rank without rows does not run the step, because the mean loss of 0 rows is NaN. The rank contributes zeros.
    const own = weight > 0 ? step(params, batch, ...rest) : undefined;
    const value = own && scalarValueOf(own);
    const mean = meanOverRanks(caller, mpi, {
      leaves: own ? leavesAlike(caller, [params, "params"], [own.grad, "grad"]) : floats,
      weight,
      sums: [value ? weight * value.item() : 0],
    });
    const { dtype } = value ?? floats[0]!;
    const [sum = Number.NaN] = mean.sums;
    return { ...own, value: tensor(sum / mean.weight, { dtype }), grad: unflatten(params, mean.leaves) } as R;
  };
}

function scalarValueOf(result: { readonly value: Tensor }): Tensor {
  const value: unknown = (result as Partial<ValueAndGrad<unknown>> | undefined)?.value;
  if (value instanceof Tensor && value.shape.length === 0) return value;
  throw new ArgumentError(
    `${caller}: the step must return { value, grad } with a scalar value, got ${show(value ?? result)}; write valueAndGrad(loss)`,
  );
}
