import type { Tensor } from "@wengert/core";
import type { Data } from "@wengert/core/extend";
import { attach, Entrance, Exit, type Output } from "../memory/copies.ts";
import { moverOf } from "../memory/moves.ts";
import type { Chosen } from "./choose.ts";
import type { Placement, Tensors } from "./place.ts";
import type { Pair } from "./sharing.ts";

// A call of a plan copies the arguments into memory, runs the instructions, and copies the results out.

export interface ExchangeOptions {
  /** The indices of the inputs that the caller donates. */
  readonly donated: readonly number[];
  /**
   * Pairs of an output and an input of the program. The next call probably receives the output as this input, for
   * example the new parameters as the old ones. In a loop by `repeat`, the next run always does.
   */
  readonly pairs: readonly Pair[];
  /** Whether `repeat` runs the program several times, with the outputs of one run as inputs of the next run. */
  readonly repeats: boolean;
  /** The name of the compiled function, which error messages show. */
  readonly name: string;
}

export interface Exchange {
  /** Runs the instructions `times` times. The inputs have the shapes and dtypes of the program's inputs. */
  readonly run: (inputs: readonly Tensor[], times: number) => Tensor[];
  /** Copies the results of the last run out of WebAssembly memory. */
  readonly keep: () => void;
}

/** Returns whether the output and the input of a pair (see `ExchangeOptions`) have the same memory. */
export const isShared =
  ({ layout }: Chosen, { owners }: Placement) =>
  ({ input, output }: Pair): boolean =>
    owners.get(layout.outputs[output]!.buffer) === layout.inputs[input]!.buffer;

/**
 * Returns functions that run a plan and copy its inputs and results. `threads` is the number of threads that share the
 * plan's memory.
 */
export function exchangeWith(
  chosen: Chosen,
  placement: Placement,
  { arrayOf, viewOf }: Tensors,
  { donated, pairs, repeats, name }: ExchangeOptions,
  threads: number,
  runInstructions: () => void,
): Exchange {
  const { layout, given, program } = chosen;
  const shared = pairs.filter(isShared(chosen, placement));
  const separate = pairs.filter((pair) => !shared.includes(pair));
  const loans = repeats || threads > 1 ? [] : lendable(shared, chosen, placement);
  const lentOutputs = new Set(loans.map(({ output }) => output));
  const inputViews = layout.inputs.map(({ buffer }) => viewOf(buffer));
  const entrance = new Entrance(inputViews);
  const exit = new Exit(
    program.outputs.map((x, i): Output => {
      const value = layout.outputs[i]!;
      return given.get(x) ?? { value, array: arrayOf(value), label: x.label };
    }),
    donated,
    new Map(
      pairs
        .filter(({ input, output }) => donated.includes(input) && !lentOutputs.has(output))
        .map(({ input, output }) => [output, input]),
    ),
    loans,
    `it was donated to ${name}, which reused its memory; use the result of that call, or leave the argument out of donate`,
  );
  const move = moverOf(
    (repeats ? separate : []).map(({ input, output }) => ({
      from: arrayOf(layout.outputs[output]!),
      to: inputViews[input] as Data,
      readsInput: layout.outputs[output]!.buffer.kind === "input",
    })),
  );
  const overwritten = repeats ? pairs : shared;
  return {
    run: (inputs, times) => {
      exit.keep(inputs);
      entrance.write(inputs);
      for (const { input } of overwritten) entrance.set(input, undefined);
      const detached = exit.detach(inputs);
      let results: Tensor[];
      try {
        for (let i = 0; i < times; i++) {
          if (i > 0) move();
          runInstructions();
        }
        results = exit.read(inputs);
      } catch (error) {
        // After a stack overflow, the donated tensors remain without elements: the overflow may have interrupted an
        // instruction that was overwriting the elements.
        if (!isStackOverflow(error)) attach(detached);
        throw error;
      }
      for (const { input, output } of shared) entrance.set(input, results[output]);
      return results;
    },
    keep: () => exit.keep(),
  };
}

/**
 * Returns the pairs (see `ExchangeOptions`) whose output needs no copy, because it may stay in the plan's memory. If an
 * instruction that may throw runs after the output is written, the output is copied. Otherwise a failed call could
 * overwrite an argument. Outputs in memory that threads share are always copied, because some functions of the platform
 * reject shared memory.
 */
function lendable(shared: readonly Pair[], { layout, instructions }: Chosen, { writtenAt }: Placement): Pair[] {
  const lastThrower = instructions.findLastIndex(({ kind }) => kind === "op" || kind === "labels");
  return shared.filter(({ output }) => writtenAt.get(layout.outputs[output]!.buffer)! > lastThrower);
}

const isStackOverflow = (error: unknown): boolean =>
  error instanceof Error && /call stack|recursion/.test(error.message);
