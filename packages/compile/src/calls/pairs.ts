import { ArgumentError, type Program } from "@wengert/core";
import { isAlike, kindText, leaves, walk } from "@wengert/core/extend";
import type { Pair } from "../plans/sharing.ts";
import type { Signature } from "./signature.ts";

// An output of a compiled program may reuse the memory of an input, if the next call is likely to receive the output as
// this input. For example, the updated parameters of a training step can reuse the memory of the old parameters.

/**
 * Chooses an output that reuses the memory of each tensor of the donated arguments: the output at the same path, such
 * as `params.W`, or else the first unused output with the same shape and dtype.
 */
export function donatedPairs(program: Program, { names, argumentOf }: Signature, donate: readonly number[]): Pair[] {
  const paths = pathsOf(program.value);
  const free = new Set(program.outputs.keys());
  const donated = [...program.inputs.keys()].filter((k) => donate.includes(argumentOf[k]!));
  const pairs: Pair[] = [];
  const find = (isPartner: (input: number, output: number) => boolean) => {
    for (const input of donated) {
      if (pairs.some((pair) => pair.input === input)) continue;
      const isFit = (output: number) =>
        isAlike(program.inputs[input]!, program.outputs[output]!) && isPartner(input, output);
      const output = [...free].find(isFit);
      if (output === undefined) continue;
      free.delete(output);
      pairs.push({ input, output });
    }
  };
  find((input, output) => names[input] === paths[output]);
  find(() => true);
  return pairs;
}

/**
 * Pairs each tensor of the first argument with the output at the same path, because `repeat` passes the value of `f` as
 * the first argument of the next call.
 * @throws ArgumentError unless the value has the structure, shapes and dtypes of the first argument
 */
export function repeatedPairs(program: Program, { names, argumentOf }: Signature, first: unknown): Pair[] {
  leaves("repeat", first, "the first argument");
  const inputs = [...program.inputs.keys()].filter((k) => argumentOf[k] === 0);
  const [given, returned] = [pathsOf(first), pathsOf(program.value)];
  const only = given.find((path) => !returned.includes(path)) ?? returned.find((path) => !given.includes(path));
  if (only !== undefined)
    throw new ArgumentError(
      `repeat: f must return a tree like its first argument, but only ${given.includes(only) ? "the argument" : "the value of f"} has ` +
        `a tensor at ${only || "its root"}; return all tensors that the next step needs, and the loss, in one tree`,
    );
  return inputs.map((input, i) => {
    const output = returned.indexOf(given[i]!);
    const [x, y] = [program.inputs[input]!, program.outputs[output]!];
    if (isAlike(x, y)) return { input, output };
    throw new ArgumentError(
      `repeat: f must return ${names[input]} with the shape and dtype of its first argument, ${kindText(x)}; got ${kindText(y)}`,
    );
  });
}

/** Returns the paths of the tensors in a tree, such as `params.W`. */
function pathsOf(tree: unknown): string[] {
  const paths: string[] = [];
  walk("compile", tree, "", (_, path) => paths.push(path.replace(/^\./, "")));
  return paths;
}
