// Type-checks programs against the packages core, ops, compile and nn, with each TypeScript version. Correct programs
// must pass, and wrong ones must fail.

import { type Compiled, compile } from "@wengert/compile";
import {
  grad,
  hessian,
  jvp,
  type Program,
  record,
  ShapeError,
  type Tensor,
  tensor,
  trace,
  treeMap,
  valueAndGrad,
  vjp,
} from "@wengert/core";
import { defineOp, type NdArray, type Op, ravel, type Unary } from "@wengert/core/extend";
import { type GradcheckOptions, gradcheck } from "@wengert/core/gradcheck";
import { conv2d, dense, type Layer, sequential, summary } from "@wengert/nn";
import {
  add,
  axpy,
  concat,
  crossEntropy,
  einsum,
  kernels,
  matmul,
  mul,
  randomKey,
  relu,
  softmax,
  sum,
} from "@wengert/ops";

interface Model {
  readonly W: Tensor;
  readonly layers: readonly { readonly b: Tensor }[];
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(is: Same<A, B>): boolean => is;

const x = tensor([[1, 2]], { dtype: "float32", label: "x" });
const labels = tensor([0], { dtype: "int32" });
const loss = ({ W, layers: [first] }: Model): Tensor => crossEntropy(add(matmul(x, W), first?.b ?? 0), labels);
const model: Model = {
  W: tensor([
    [1, 2],
    [3, 4],
  ]),
  layers: [{ b: tensor([0, 0]) }],
};

const gradient = grad(loss)(model);
same<typeof gradient, Model>(true);
const both = valueAndGrad((m: Model, scale: number) => mul(loss(m), scale))(model, 2);
same<typeof both.grad, Model>(true);
same<typeof both.value, Tensor>(true);
const next: Model = treeMap((p, g) => axpy(-0.1, g, p), model, gradient);
const { pullback } = vjp((a: Tensor, b: { c: Tensor }) => mul(a, b.c), x, { c: x });
const [forA, forB] = pullback(x);
same<typeof forA, Tensor>(true);
same<typeof forB, { c: Tensor }>(true);
const { tangent } = jvp((a: Tensor) => sum(a), [x], [x]);
const second: Tensor = hessian((a: Tensor) => sum(mul(a, a)))(x);
const program: Program<[Model], Tensor> = trace(loss, model);
const listed = program.steps.map(({ op, inputs, output }) => `${op.name} ${inputs.length} ${output.shape.join()}`);
for (const { cotangent } of record(loss, model).pulls()) listed.push(String(cotangent));

const cube: Op<Unary> = defineOp({
  name: "cube",
  shape: ([a]) => a.shape,
  kernel: (out: NdArray, [a]) => {
    out.data.set(ravel(a).map((v) => v ** 3));
  },
  vjp: [(g, { inputs: [a] }) => mul(g, mul(3, mul(a, a)))],
  samples: () => [[tensor([1, 2])]],
});
const options: GradcheckOptions = {};
gradcheck(cube, [x], options);

const net = sequential(dense(2), relu, dense(1, { bias: false }));
const params = net.init(randomKey(1), [1, 2]);
same<
  typeof params,
  [{ readonly W: Tensor; readonly b: Tensor }, Readonly<Record<never, never>>, { readonly W: Tensor }]
>(true);
const alike: Layer<typeof params> = net;
const netProgram: Program<[typeof params, Tensor], Tensor> = trace(alike.apply, params, x);
listed.push(summary(net, [1, 2]), String(netProgram.steps.length));

const step: Compiled<[model: Model, rate: number], Model> = compile((m: Model, rate: number) =>
  treeMap((p, g) => axpy(-rate, g, p), m, grad(loss)(m)),
);
const stepped = compile((m: Model, kind: string) => ({ loss: loss(m), kind: kind === "none" ? [] : [m.W] }))(
  model,
  "one",
);
same<typeof stepped.loss, Tensor>(true);
listed.push(...step.plan(model, 0.1).instructions.map(({ text }) => text));

const data: ArrayLike<number> = second.data.data;
const nested = tangent.toNested();
const running: string = kernels().running;
const others = [softmax(x, { axis: [0, 1] }), concat([x, x], { axis: 0 }), einsum("ij->ji", x)];

export { data, listed, nested, next, others, running };

// @ts-expect-error: a loss takes the model, not a number
grad(loss)(3);
// @ts-expect-error: a compiled function returns a tree of tensors
compile((m: Model) => loss(m).item());
// @ts-expect-error: a compiled function takes the arguments of f
step(model, "0.1");
// @ts-expect-error: the last layer has no bias
params[2].b;
// @ts-expect-error: a convolution needs the size of its windows
conv2d(8, {});
// @ts-expect-error: softmax has no such option
softmax(x, { axes: 0 });
// @ts-expect-error: unknown dtype
tensor([1], { dtype: "float16" });
// @ts-expect-error: a tensor cannot be changed
x.shape[0] = 3;
// @ts-expect-error: an op has a rule for each input
defineOp<Unary>({ name: "none", shape: ([a]) => a.shape, kernel: () => {}, vjp: [], samples: () => [[x]] });

try {
  matmul(x, x);
} catch (error) {
  if (error instanceof ShapeError) listed.push(error.message);
}
