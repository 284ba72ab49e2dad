import { ArgumentError, ShapeError, type Tensor } from "@wengert/core";
import { describe, isSameShape, type Shape, shapeText, show, withDefaults } from "@wengert/core/extend";
import { add, concat, glorotUniform, matmul, orthogonal, splitKey } from "@wengert/ops";
import { countOption } from "../defining/checks.ts";
import { checkFeatures } from "../layers/dense.ts";

export interface RecurrentOptions {
  /** Which outputs to return: those of all time steps, [N, T, units], or the last, [N, units]. Default: "all". */
  readonly output?: "all" | "last" | undefined;
}

/** Returns the checked options of a recurrent layer. @throws ArgumentError if one is invalid */
export function recurrentSettings(
  name: string,
  units: number,
  options: RecurrentOptions | undefined,
): { readonly units: number; readonly all: boolean } {
  const { output } = withDefaults<RecurrentOptions>(name, options, { output: "all" }, otherNames);
  if (output !== "all" && output !== "last")
    throw new ArgumentError(`output must be "all" or "last", got ${show(output)}`);
  return { units: countOption("units", units), all: output === "all" };
}

const otherNames = { returnsequences: 'write { output: "all" } or { output: "last" }' };

/**
 * Returns the initial weights of the inputs, [D, gates × units], and of the state, [units, gates × units]. The weights
 * of each gate are drawn separately, so that the number of gates does not affect the magnitude of the weights.
 */
export function recurrentWeights(
  key: Tensor,
  input: Shape,
  dtype: "float32" | "float64",
  units: number,
  gates: number,
): { readonly Wx: Tensor; readonly Wh: Tensor } {
  const keys = splitKey(key, 2 * gates);
  const features = checkSequences({ shape: input }).at(-1)!;
  const gate = (draw: typeof orthogonal | typeof glorotUniform, rows: number) => (_: unknown, i: number) =>
    draw(keys[draw === orthogonal ? gates + i : i]!, { shape: [rows, units], dtype });
  return {
    Wx: concat(Array.from({ length: gates }, gate(glorotUniform, features)), { axis: 1 }),
    Wh: concat(Array.from({ length: gates }, gate(orthogonal, units)), { axis: 1 }),
  };
}

/**
 * Returns xWx + b for sequences x [N, T, D], with the shape [N, T, gates × units]. A single matrix product for all time
 * steps is faster than T small products.
 */
export function projected(x: Tensor, Wx: Tensor, b: Tensor): Tensor {
  checkSequences(x);
  checkFeatures(x, "Wx", Wx);
  return add(matmul(x, Wx), b);
}

/** @throws ShapeError unless x has the axes [N, T, D], with at least one time step */
function checkSequences(x: { readonly shape: Shape }): Shape {
  if (x.shape.length === 3 && x.shape[1]! > 0) return x.shape;
  throw new ShapeError(
    `x must have the axes [N, T, features], with T of at least 1, got ${shapeText(x.shape)}; write expandDims`,
  );
}

/**
 * @throws ShapeError unless the input of a recurrent cell fits the cell's weights, and each state has the shape [N,
 * units]
 */
export function checkStep(x: Tensor, Wx: Tensor, states: Readonly<Record<string, Tensor>>, Wh: Tensor): void {
  checkFeatures(x, "Wx", Wx);
  const expected = [...x.shape.slice(0, -1), Wh.shape[0]!];
  for (const [name, state] of Object.entries(states)) {
    if (isSameShape(state.shape, expected)) continue;
    throw new ShapeError(
      `${describe(state, name)} must have the shape ${shapeText(expected)}, for ${describe(x, "x")} and the units of params.Wh`,
    );
  }
}
