import { compile } from "@wengert/compile";
import { type Tensor, tensor, valueAndGrad } from "@wengert/core";
import { allreduceMean, dataParallel } from "@wengert/mpi";
import { matmul, mean, square } from "@wengert/ops";
import { expect, expectTypeOf, test } from "vitest";

// Tests of `dataParallel` with one rank, without an MPI library. The tests in mpi.test.ts run several ranks.

const alone = {
  rank: 0,
  size: 1,
  broadcast: <A>(array: A) => array,
  allreduce: <A>(array: A) => array,
};

interface Model {
  readonly W: Tensor;
}
interface Batch {
  readonly X: Tensor;
}
const params: Model = { W: tensor([[1], [2]]) };
const batch: Batch = {
  X: tensor([
    [1, 2],
    [3, 4],
  ]),
};
const loss = ({ W }: Model, { X }: Batch, scale: number) => mean(square(matmul(matmul(X, W), tensor([[scale]]))));

test("a compiled step runs from one plan, and keeps the types of its arguments and its result", () => {
  const compiled = compile(valueAndGrad(loss));
  const step = dataParallel(compiled, alone);
  const results = [1, 2, 3].map(() => step(params, batch, 2));
  for (const { value, grad } of results) {
    expectTypeOf(value).toEqualTypeOf<Tensor>();
    expectTypeOf(grad).toEqualTypeOf<Model>();
    expect(value.item()).toBeCloseTo(292, 12);
    expect(grad.W.toNested()).toEqual([[152], [216]]);
  }
  expect(compiled.signatures).toBe(1);
  expect(compiled.plan(params, batch, 2).instructions.length).toBeGreaterThan(0);
});

test("the mean over one rank is the tree", () => {
  const mean = allreduceMean(alone, params, { weight: 3 });
  expectTypeOf(mean).toEqualTypeOf<Model>();
  expect(mean.W.toNested()).toEqual([[1], [2]]);
});
