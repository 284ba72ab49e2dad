import { type Program, Tensor } from "@wengert/core";
import * as ops from "@wengert/ops";

type Step = Program["steps"][number];

/** The largest number of columns of d for which a matrix product Xᵀ d is replaced by (dᵀ X)ᵀ. */
const maxColumns = 32;

/**
 * Replaces each product Xᵀ d, where the matrix d has few columns, by (dᵀ X)ᵀ. For example, the gradient of the weights
 * of the last layer has the form Xᵀ d. ONNX Runtime computes the second form up to twice as fast, because it reads X
 * row by row.
 */
export function flipNarrowProducts(program: Program): Program {
  const transpose = ops.transpose.spec as unknown as Step["op"];
  const matmul = ops.matmul.spec as unknown as Step["op"];
  const transposed = (x: Tensor, output: Tensor): Step => ({
    op: transpose,
    inputs: [x],
    params: { axes: [1, 0] },
    output,
  });

  const sources = new Map<Tensor, Tensor>(); // the matrices of transposed matrices
  const steps = program.steps.flatMap((step): readonly Step[] => {
    const { op, inputs, params, output } = step;
    const [left, right] = inputs as readonly [Tensor, Tensor];
    if (op === transpose && String((params as { axes: readonly number[] }).axes) === "1,0") sources.set(output, left);
    const source = op === matmul ? sources.get(left) : undefined;
    if (!source || right.shape.length !== 2) return [step];
    const [rows, columns] = output.shape as readonly [number, number];
    if (columns > maxColumns || columns >= rows) return [step];
    const { dtype } = output;
    const narrow = new Tensor(right.shape.toReversed(), dtype, undefined);
    const product = new Tensor([columns, rows], dtype, undefined);
    const flipped: Step = { op, inputs: [narrow, source], params, output: product };
    return [transposed(right, narrow), flipped, transposed(product, output)];
  });
  const used = new Set([...steps.flatMap(({ inputs }) => inputs), ...program.outputs]);
  return { ...program, steps: steps.filter(({ output }) => !sources.has(output) || used.has(output)) };
}
