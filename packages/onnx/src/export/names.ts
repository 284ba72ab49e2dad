import type { Program, Tensor } from "@wengert/core";
import { walk } from "@wengert/core/extend";

/** The names of the inputs and constants, by tensor, and the names of the outputs, in the order of the outputs. */
export interface Names {
  readonly inputs: ReadonlyMap<Tensor, string>;
  readonly constants: ReadonlyMap<Tensor, string>;
  readonly outputs: readonly string[];
}

/**
 * Names the values of a program. An input has the label that `trace` gave it: its path, such as `params.W`, or its own
 * label. An output has its path in the value of the program, such as `grad.W`, or "output" if the value is one tensor.
 * If a name is used twice, an output gets the prefix "out.", and an input or a constant gets a number at the end.
 */
export function namesIn(program: Program): Names {
  const taken = new Set<string>();
  const unique = (name: string): string => {
    let result = name;
    for (let i = 2; taken.has(result); i++) result = `${name}_${i}`;
    taken.add(result);
    return result;
  };
  const inputs = new Map(program.inputs.map((x, i) => [x, unique(withDots(x.label || `x${i + 1}`))]));
  const outputs: string[] = [];
  walk("toOnnx", program.value, "value", (_, path) => {
    const name = withDots(path).replace(/^value\.?/, "") || "output";
    const given = /^\d/.test(name) ? `output.${name}` : name;
    outputs.push(unique(taken.has(given) ? `out.${given}` : given));
  });
  const named = program.constants.filter((x) => !isNumber(x));
  const constants = new Map(named.map((x, i) => [x, unique(withDots(x.label || `constant${i + 1}`))]));
  return { inputs, constants, outputs };
}

/** Whether a constant is a number without a label. Equal numbers share one initializer. */
export const isNumber = ({ shape, label }: Tensor): boolean => shape.length === 0 && !label;

/**
 * Returns a path in the notation of PyTorch, with dots only: `layers[0].W` becomes `layers.0.W`. An argument without a
 * known name gets a number: "argument 0 at W" becomes `arg0.W`.
 */
const withDots = (path: string): string =>
  path
    .replace(/^argument (\d+)/, "arg$1")
    .replace(/^(\w+)(?: .*)? at /, "$1.")
    .replaceAll(/\["?(.*?)"?\]/g, ".$1");
