import { accumulate, packedDType, unpack } from "../autodiff/fanout.ts";
import { apply, type BatchCall, type Call, defineOp, type Inputs, type Op } from "../autodiff/op.ts";
import { accumulateCotangent } from "../autodiff/sweep.ts";
import { DryTape, innermostTape, withoutRecorders } from "../autodiff/tape.ts";
import { runWithTape } from "../autodiff/vjp.ts";
import { mustBeFunction } from "../checks/arguments.ts";
import { ArgumentError, show } from "../checks/errors.ts";
import { withDefaults } from "../checks/options.ts";
import { tensor, zeros } from "../values/create.ts";
import { isFloat } from "../values/dtype.ts";
import { type NdArray, ravel } from "../values/ndarray.ts";
import { notDifferentiable } from "../values/operands.ts";
import { describe, type Operand, Tensor } from "../values/tensor.ts";
import { asTree, type Cotangent, leaves, leavesAlike, type TreesOnly, traverse, unflatten } from "../values/tree.ts";
import { onBatch } from "./batch.ts";
import { type Body, flopsOfBody, listBody, mapping, packBatch, runBody } from "./body.ts";
import { iterate, newton, type Residual, type Solver } from "./equations.ts";

// The solution x of an equation F(x, p) = 0 as one step of a tape. By the implicit function theorem, dx = −(∂F/∂x)⁻¹
// (∂F/∂p) dp, so the derivative does not need the steps of the solver. The VJP rule solves the transposed linear
// equation with the same op. So derivatives of every order exist.

/**
 * The params of an op that solves f(x, p) = x or f(x, p) = 0. The body is f as a list of steps: its inputs are the
 * unknowns x, then the parameters p, and its outputs are f(x, p). The inputs of the op are the constants of the body,
 * the initial guess for x, and the parameters.
 */
interface Equation {
  readonly body: Body;
  /** The number of tensors in the tree of unknowns x. */
  readonly unknowns: number;
  /**
   * The number of batch entries under `vmap`, otherwise 1. Each batch entry has its own equation. The batch axes come
   * first.
   */
  readonly entries: number;
  readonly tolerance: number;
  readonly maxSteps: number;
  readonly isLinear: boolean;
}

type EquationOp = Op<Inputs, Equation>;

/**
 * Declares the op that solves equations with `solver`. The op's output is one vector, which packs all tensors of the
 * solution x.
 */
function equationOp(name: string, solver: Solver): EquationOp {
  const op: EquationOp = defineOp<Inputs, Equation>({
    name,
    options: {
      body: undefined,
      unknowns: undefined,
      entries: undefined,
      tolerance: undefined,
      maxSteps: undefined,
      isLinear: undefined,
    },
    shape: (_, { body, unknowns }) => [body.inputs.slice(0, unknowns).reduce((n, { size }) => n + size, 0)],
    dtype: (_, { body, unknowns }) => packedDType(body.inputs.slice(0, unknowns)),
    batch: (call) => batchOfEquation(op, call),
    kernel: (out, arrays, equation, operands) => solve(name, solver, out, arrays, equation, operands),
    flops: (_, __, { body }) => flopsOfBody(body), // of one step, because the number of steps depends on values
    vjp: (g, call, needed) => pullBackSolution(op, g, call, needed),
    samples: () => [[[tensor([0.5, 0.25]), tensor([1, 2])], sampleEquation()]],
  });
  return op;
}

/** A sample equation for tests: x = p, for x and p of shape [2]. */
function sampleEquation(): Equation {
  const [x, p] = [new Tensor([2], "float64", undefined), new Tensor([2], "float64", undefined)];
  return { body: { inputs: [x, p], constants: [], steps: [], outputs: [p] }, unknowns: 1, entries: 1, tolerance: 1e-10, maxSteps: 9, isLinear: false }; // biome-ignore format: reads best on one line
}

const fixedPointOp: EquationOp = /* @__PURE__ */ equationOp("fixedPoint", iterate);
const rootOp: EquationOp = /* @__PURE__ */ equationOp("root", newton);

/**
 * A solver op has three kinds of inputs: the constants of f, the initial guess (`start`), and the parameters. Splits
 * `list`, which has one item per input, into the items of each kind.
 */
function splitInputs<T>({ body, unknowns }: Equation, list: readonly T[]): [constants: T[], start: T[], params: T[]] {
  const first = body.constants.length;
  return [list.slice(0, first), list.slice(first, first + unknowns), list.slice(first + unknowns)];
}

function solve(
  name: string,
  solver: Solver,
  out: NdArray,
  arrays: readonly NdArray[],
  equation: Equation,
  operands: readonly Operand[],
): void {
  const { body, entries, tolerance, maxSteps, isLinear } = equation;
  const given = arrays.map((array, k) => new Tensor(operands[k]!.shape, operands[k]!.dtype, array, operands[k]!.label));
  const [constants, start, params] = splitInputs(equation, given);
  const f = (x: readonly Tensor[]): Tensor[] =>
    runBody(body, mapping([...body.constants, ...body.inputs], [...constants, ...x, ...params]));
  const unknowns = start.reduce((n, { size }) => n + size, 0) / Math.max(1, entries);
  const residual: Residual = {
    value: (x) => toRows(f(fromRows(x, start, entries)), entries),
    matrices: (x) => matricesAt(name, f, fromRows(x, start, entries), entries, unknowns),
  };
  const rows = withoutRecorders(() =>
    solver(name, residual, toRows(start, entries), { unknowns, tolerance, maxSteps, isLinear }),
  );
  let offset = 0;
  for (const x of fromRows(rows, start, entries)) {
    out.data.set(x.array!.data, offset);
    offset += x.size;
  }
}

/** Returns the Jacobian ∂f/∂x of each equation. Each pullback computes one row of every Jacobian. */
function matricesAt(
  name: string,
  f: (x: readonly Tensor[]) => Tensor[],
  x: readonly Tensor[],
  entries: number,
  unknowns: number,
): Float64Array {
  const { value, pull } = runWithTape(name, f, [x], [0]);
  const matrices = new Float64Array(entries * unknowns * unknowns);
  for (let row = 0; row < unknowns; row++) {
    const basis = new Float64Array(entries * unknowns);
    for (let e = 0; e < entries; e++) basis[e * unknowns + row] = 1;
    const cotangents = new Map<Tensor, Tensor>();
    for (const [k, seed] of fromRows(basis, value, entries).entries()) accumulateCotangent(cotangents, value[k]!, seed);
    const [pulled] = pull(cotangents) as [Tensor[]];
    const derivatives = toRows(pulled, entries);
    for (let e = 0; e < entries; e++)
      matrices.set(derivatives.subarray(e * unknowns, (e + 1) * unknowns), (e * unknowns + row) * unknowns);
  }
  return matrices;
}

/** Joins the elements of all tensors into a matrix with a row for each entry of the batch. */
function toRows(tensors: readonly Tensor[], entries: number): Float64Array {
  const total = tensors.reduce((n, { size }) => n + size, 0);
  const rows = new Float64Array(total);
  let column = 0;
  for (const { array, size } of tensors) {
    const [elements, count] = [ravel(array!), size / Math.max(1, entries)];
    for (let e = 0; e < entries; e++)
      rows.set(elements.subarray(e * count, (e + 1) * count), (e * total) / entries + column);
    column += count;
  }
  return rows;
}

/**
 * Splits a matrix, with a row for each entry of a batch, into tensors with the shapes and dtypes of `like`: the inverse
 * of `toRows`.
 */
function fromRows(rows: Float64Array, like: readonly Operand[], entries: number): Tensor[] {
  const width = rows.length / Math.max(1, entries);
  let column = 0;
  return like.map(({ shape, dtype }) => {
    const x = zeros(shape, { dtype });
    const count = x.size / Math.max(1, entries);
    for (let e = 0; e < entries; e++)
      x.array!.data.set(rows.subarray(e * width + column, e * width + column + count), e * count);
    column += count;
    return x;
  });
}

/**
 * Pulls the cotangent g of the solution back to the parameters p. For a fixed point x = f(x, p), w is the solution of w
 * = (∂f/∂x)ᵀ w + g; for a root, of 0 = (∂f/∂x)ᵀ w + g. In both cases the cotangent of p is (∂f/∂p)ᵀ w.
 */
function pullBackSolution(
  op: EquationOp,
  g: Tensor,
  { inputs, params: equation, output }: Call<Inputs, Equation>,
  needed: readonly boolean[],
): readonly (Tensor | null)[] {
  const { body, unknowns, ...bounds } = equation;
  const [constants, start, params] = splitInputs(equation, inputs);
  const [x, cotangents] = [unpack(output, start), unpack(g, start)];
  const pullThroughBody = (
    at: readonly Tensor[],
    isActive: (k: number) => boolean,
    w: readonly Tensor[],
  ): readonly Tensor[] => {
    const keys = [...body.constants, ...body.inputs];
    const active = at.filter((_, k) => isActive(k));
    const run = (xs: readonly Tensor[]) => {
      const values = mapping(keys, at);
      for (const [i, key] of keys.filter((_, k) => isActive(k)).entries()) values.set(key, xs[i]!);
      return runBody(body, values);
    };
    const { value, pull } = runWithTape(op.spec.name, run, [active], [0]);
    const seeds = new Map<Tensor, Tensor>();
    for (const [k, y] of value.entries()) accumulateCotangent(seeds, y, w[k]!);
    return (pull(seeds) as [Tensor[]])[0];
  };
  const first = constants.length;
  const isUnknown = (k: number) => k >= first && k < first + unknowns;
  const adjoint = listBody(op.spec.name, [...cotangents, ...x, ...params, ...cotangents], (all) => {
    const [w, point, bars] = [all.slice(0, unknowns), all.slice(unknowns, -unknowns), all.slice(-unknowns)];
    const pulled = pullThroughBody([...constants, ...point], isUnknown, w);
    return pulled.map((each, k) => accumulate(each, bars[k]!));
  });
  const solver: Equation = { ...bounds, body: adjoint, unknowns, isLinear: true };
  const adjointInputs = [...adjoint.constants, ...cotangents, ...x, ...params, ...cotangents];
  const w = unpack(apply(op.spec, adjointInputs, solver), start);
  const isActive = (k: number) => !isUnknown(k) && needed[k] === true && isFloat(inputs[k]!.dtype);
  const contributions = pullThroughBody([...constants, ...x, ...params], isActive, w).values();
  return inputs.map((_, k) => (isActive(k) ? contributions.next().value! : null));
}

/** Applies a solver op to a batch: solves the equations of all batch entries together. */
function batchOfEquation(op: EquationOp, call: BatchCall<Inputs, Equation>): Tensor {
  const { batched, params: equation, operands, size, output, withBatch } = call;
  const { body, unknowns, entries, ...bounds } = equation;
  const mode = onBatch(size);
  const first = body.constants.length;
  const given = operands.slice(first).map((_, k) => withBatch(first + k));
  const constants = body.constants.flatMap((key, k) =>
    batched[k] || operands[k] !== key ? [[key, withBatch(k)] as const] : [],
  );
  const batchedBody = listBody(op.spec.name, given, (all) => {
    const values = new Map<Tensor, Tensor>([...constants, ...mapping(body.inputs, all)]);
    return runBody(body, values, mode);
  });
  const start = given.slice(0, unknowns);
  const solved = apply(op.spec, [...batchedBody.constants, ...given], {
    body: batchedBody,
    unknowns,
    entries: entries * size,
    ...bounds,
  });
  return packBatch(
    unpack(solved, start),
    start.map(() => 0),
    size,
    output.shape,
  );
}

export interface SolverOptions {
  /**
   * The solver stops when each entry of x changes by at most tolerance × max(1, largest absolute value in x). Default:
   * 1e-10, or 1e-5 if x is float32.
   */
  readonly tolerance?: number | undefined;
  /** The largest number of steps. Default: 1000 for `fixedPoint`, 50 for `root`. */
  readonly maxSteps?: number | undefined;
}

type Equate<X, P> = (x: X, params: P) => X & TreesOnly<X>;

/**
 * Returns the solution x of x = f(x, params), by repeating x ← f(x, params) from `start` on. x is a tree of floats like
 * `start`. Derivatives with respect to `params` follow from the implicit function theorem, to any order. No derivative
 * flows to `start` or through the steps. Under `vmap`, each entry of the batch converges by itself.
 * @throws ArgumentError if the steps do not converge or give NaN, for invalid options, and if `f` captures a tensor
 * that is being differentiated: pass it in `params`; ShapeError unless f returns a tree like `start`; TracedValueError
 * if `f` reads a value
 */
export function fixedPoint<X, P>(
  f: Equate<X, P>,
  start: X,
  params: P & TreesOnly<Cotangent<P>>,
  options?: SolverOptions,
): X {
  return solution("fixedPoint", fixedPointOp, f, start, params, options, 1000);
}

/**
 * Returns a solution x of f(x, params) = 0, by Newton's method from `start` on. f returns a tree like `start`, with one
 * equation per unknown. Derivatives with respect to `params` follow from the implicit function theorem, to any order.
 * No derivative flows to `start` or through the steps. Under `vmap`, each entry of the batch converges by itself.
 * @throws ArgumentError if the steps do not converge or give NaN, if ∂f/∂x is singular, for invalid options, and if `f`
 * captures a tensor that is being differentiated: pass it in `params`; ShapeError unless f returns a tree like `start`;
 * TracedValueError if `f` reads a value
 */
export function root<X, P>(f: Equate<X, P>, start: X, params: P & TreesOnly<Cotangent<P>>, options?: SolverOptions): X {
  return solution("root", rootOp, f, start, params, options, 50);
}

function solution<X, P>(
  caller: string,
  op: EquationOp,
  f: Equate<X, P>,
  start: X,
  params: P,
  options: SolverOptions | undefined,
  defaultSteps: number,
): X {
  mustBeFunction(caller, f);
  const startTree = asTree(start) as X;
  const paramsTree = asTree(params) as P;
  const unknowns: Tensor[] = [];
  traverse(caller, [[startTree, "start"]], ([leaf], path) => {
    if (!isFloat(leaf!.dtype)) throw notDifferentiable(caller, leaf!, path(0));
    unknowns.push(leaf!);
  });
  const parameters = leaves(caller, paramsTree, "params");
  const isSingle = unknowns.some(({ dtype }) => dtype === "float32");
  const { tolerance, maxSteps } = checkBounds(
    caller,
    withDefaults<SolverOptions>(caller, options, { tolerance: isSingle ? 1e-5 : 1e-10, maxSteps: defaultSteps }),
  );
  const body = listBody(caller, [...unknowns, ...parameters], (all) => {
    const x = unflatten(startTree, all.slice(0, unknowns.length));
    const value = f(x, unflatten(paramsTree, all.slice(unknowns.length)));
    return leavesAlike(caller, [startTree, "start"], [asTree(value), "the value of f"]);
  });
  const captured = body.constants.find((x) => {
    const tape = innermostTape([x]);
    return tape !== undefined && !(tape instanceof DryTape);
  });
  if (captured)
    throw new ArgumentError(
      `${caller}: f uses ${describe(captured)}, which is differentiated but is not in params; pass it in params, or use stopGradient`,
    );
  const packed = apply(op.spec, [...body.constants, ...unknowns, ...parameters], {
    body,
    unknowns: unknowns.length,
    entries: 1,
    tolerance,
    maxSteps,
    isLinear: false,
  });
  return unflatten(startTree, unpack(packed, unknowns));
}

function checkBounds(caller: string, { tolerance, maxSteps }: SolverOptions): { tolerance: number; maxSteps: number } {
  if (!(typeof tolerance === "number" && tolerance > 0 && tolerance < Infinity))
    throw new ArgumentError(`${caller}: tolerance must be a positive number, got ${show(tolerance)}`);
  if (!(Number.isSafeInteger(maxSteps) && maxSteps! >= 1))
    throw new ArgumentError(`${caller}: maxSteps must be a whole number of at least 1, got ${show(maxSteps)}`);
  return { tolerance, maxSteps: maxSteps! };
}
