import { scan, type Tensor, tensor } from "@wengert/core";
import * as ops from "@wengert/ops";
import { graph, int, ints, type Operator, operator } from "./operator.ts";
import { positive } from "./shapes.ts";

// Operators whose attributes are graphs.

/** Moves an axis to the front. */
const toFront = (x: Tensor, axis: number): Tensor =>
  axis === 0 ? x : ops.moveAxis(x, { from: positive(axis, x.shape.length), to: 0 });

const fromFront = (x: Tensor, axis: number): Tensor =>
  axis === 0 ? x : ops.moveAxis(x, { from: 0, to: positive(axis, x.shape.length) });

const turned = (x: Tensor, direction: number | undefined): Tensor => (direction === 1 ? ops.flip(x, { axis: 0 }) : x);

export const controlOperators = (): readonly Operator[] => [
  operator(
    "Scan",
    [1, Number.POSITIVE_INFINITY],
    {
      body: graph,
      num_scan_inputs: int(0),
      scan_input_axes: ints,
      scan_output_axes: ints,
      scan_input_directions: ints,
      scan_output_directions: ints,
    },
    (inputs, { body, num_scan_inputs, ...attributes }, { runBody }) => {
      const carries = inputs.length - num_scan_inputs;
      const [init, given] = [inputs.slice(0, carries) as Tensor[], inputs.slice(carries) as Tensor[]];
      const { scan_input_axes: axes, scan_input_directions: directions } = attributes;
      // If all inputs are scanned backwards, the loop is a reverse scan. Otherwise, only the inputs that are scanned
      // backwards are flipped.
      const isReverse = directions !== undefined && directions.length > 0 && directions.every((each) => each === 1);
      const lists = given.map((x, i) => turned(toFront(x, axes?.[i] ?? 0), isReverse ? 0 : directions?.[i]));
      const { carry, ys } = scan(
        (carry: Tensor[], xs: Tensor[]) => {
          const results = runBody(body, [...carry, ...xs]);
          return [results.slice(0, carries), results.slice(carries)] as const;
        },
        init,
        lists,
        { reverse: isReverse },
      );
      const outputs = ys.map((y, i) => {
        // A reverse scan reads the entries of xs from the last to the first. Its results are in the order of the
        // entries of xs.
        const isPrepended = attributes.scan_output_directions?.[i] === 1;
        return fromFront(turned(y, isPrepended === isReverse ? 0 : 1), attributes.scan_output_axes?.[i] ?? 0);
      });
      return [...carry, ...outputs];
    },
    { outputs: 2 ** 20 },
  ),
  operator(
    "If",
    [1, 1],
    { then_branch: graph, else_branch: graph },
    ([condition], { then_branch, else_branch }, { number, runBody }) =>
      runBody(number(condition) ? then_branch : else_branch, []),
    { outputs: 2 ** 20 },
  ),
  operator(
    "Loop",
    [0, Number.POSITIVE_INFINITY],
    { body: graph },
    ([limit, condition, ...init], { body }, { number, runBody }) => {
      const count = limit ? number(limit) : Number.POSITIVE_INFINITY;
      let [isRunning, carry] = [condition ? number(condition) !== 0 : true, init as Tensor[]];
      const iterations: Tensor[][] = [];
      for (let i = 0; i < count && isRunning; i++) {
        const [next, ...results] = runBody(body, [tensor(i, { dtype: "int32" }), tensor(true), ...carry]);
        carry = results.slice(0, carry.length);
        iterations.push(results.slice(carry.length));
        isRunning = number(next!) !== 0;
      }
      const lists = (iterations[0] ?? []).map((_, k) => ops.stack(iterations.map((results) => results[k]!)));
      return [...carry, ...lists];
    },
    { outputs: 2 ** 20 },
  ),
];
