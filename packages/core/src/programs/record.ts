import { type Pull, sweep } from "../autodiff/sweep.ts";
import { runWithTape, seedCotangents } from "../autodiff/vjp.ts";
import { constantLike } from "../values/create.ts";
import { leaves, type TreeFunction, unflatten } from "../values/tree.ts";
import type { Listing } from "./trace.ts";

/** A recording of one run of a function: the function's value and the list of steps. */
export interface Recording<R> extends Listing {
  readonly value: R;
  /**
   * Reads the tape backwards from a cotangent of the value (default: ones). For each step that a cotangent reaches,
   * yields the cotangents of the step's output and inputs.
   */
  pulls(cotangent?: R): Iterable<Pull>;
}

/**
 * Runs `f` and returns a recording: the value of `f` and its tape. Arguments are trees of tensors of any dtype.
 * @throws TreeError, ArgumentError
 */
export function record<A extends readonly unknown[], R>(f: TreeFunction<A, R>, ...args: A): Recording<R> {
  return recordAs<A, R>("record", f, args);
}

export function recordAs<A extends readonly unknown[], R>(caller: string, f: (...args: A) => R, args: A): Recording<R> {
  const { value, tape, inputs } = runWithTape<A, R>(caller, f, args, [...args.keys()], { anyDType: true });
  const outputs = leaves(caller, value, "the value of f");
  const ones = () => unflatten(value, outputs.map((y) => constantLike(y, 1))); // biome-ignore format: reads best on one line
  const pulls = (g: R = ones()) =>
    sweep(tape, seedCotangents("pulls", [value, "the value of f"], [g, "the cotangent"]));
  return { value, inputs, steps: tape.steps, outputs, pulls };
}
