import {
  checkpoint,
  customVjp,
  type DType,
  evaluate,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  linearize,
  type Program,
  record,
  stopGradient,
  type Tensor,
  type TensorLike,
  tensor,
  trace,
  treeMap,
  valueAndGrad,
  vjp,
} from "@wengert/core";
import { type Binary, defineOp, type Inputs, type Op, type Unary } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { expect, expectTypeOf, test } from "vitest";
import { mul, neg, round, sin, spread, sum } from "./support.ts";

// The compiler checks these tests: `tsc -b` fails unless exactly the marked lines have errors. The functions that are
// passed to `unrun` are compiled, but never run.
const unrun = (_: () => unknown) => {};

interface Dense {
  readonly w: Tensor;
  b?: Tensor;
}
interface Net {
  layers: Dense[];
  readonly heads: readonly [Tensor, Dense];
}
interface WithName {
  w: Tensor;
  name: string;
}
declare const net: Net;
declare const named: WithName;
declare const x: Tensor;
declare const n: number;
const loss = (params: Net, input: Tensor): Tensor => mul(params.layers[0]!.w, input);
const scalarOf = (a: Tensor): Tensor => sum(a);

test("a gradient has the interface of its argument, with optional fields and read-only lists", () => {
  expectTypeOf(grad(loss)).toEqualTypeOf<(params: Net, input: Tensor) => Net>();
  expectTypeOf(valueAndGrad(loss)).returns.toEqualTypeOf<{ value: Tensor; grad: Net }>();
  expectTypeOf(stopGradient<Net>).returns.toEqualTypeOf<Net>();
  expectTypeOf(treeMap<Net>).returns.toEqualTypeOf<Net>();
  expectTypeOf(checkpoint(loss)).toEqualTypeOf<(params: Net, input: Tensor) => Tensor>();
  expectTypeOf(hvp((params: Net) => loss(params, params.heads[0]))).toEqualTypeOf<(x: Net, v: Net) => Net>();
  unrun(() => {
    expectTypeOf(vjp(loss, net, x).pullback).toEqualTypeOf<(cotangent: TensorLike) => [Net, Tensor]>();
    expectTypeOf(vjp((p: Net) => p, net).pullback).toEqualTypeOf<(cotangent: Net) => [Net]>();
    expectTypeOf(jvp(loss, [net, x], [net, x])).toEqualTypeOf<{ value: Tensor; tangent: Tensor }>();
    expectTypeOf(linearize(loss, net, x).pushforward).parameters.toEqualTypeOf<[Net, Tensor]>();
    expectTypeOf(record(loss, net, x).value).toEqualTypeOf<Tensor>();
    expectTypeOf(evaluate(trace(loss, net, x), net, x)).toEqualTypeOf<Tensor>();
    expectTypeOf(trace((p: Net) => p, net)).toEqualTypeOf<Program<[p: Net], Net>>();
  });
});

test("grad of a function has the type of a function that can be differentiated again", () => {
  const once: (a: Tensor) => Tensor = grad(scalarOf);
  expectTypeOf(grad(grad(scalarOf))).toEqualTypeOf<(a: Tensor) => Tensor>();
  expectTypeOf(grad(once)).toEqualTypeOf<(a: Tensor) => Tensor>();
  expect(once(tensor([1])).toNested()).toEqual([1]);
});

test("argnums selects the type of an argument, or a tuple", () => {
  const f = (a: Tensor, b: Net, c: number, d: Tensor[]): Tensor => mul(mul(a, loss(b, d[0]!)), c);
  expectTypeOf(grad(f)).returns.toEqualTypeOf<Tensor>();
  expectTypeOf(grad(f, { argnums: 1 })).returns.toEqualTypeOf<Net>();
  expectTypeOf(grad(f, { argnums: [3, 0] })).returns.toEqualTypeOf<[Tensor[], Tensor]>();
  expectTypeOf(valueAndGrad(f, { argnums: [1] })).returns.toEqualTypeOf<{ value: Tensor; grad: [Net] }>();
  expectTypeOf(grad(f)).parameters.toEqualTypeOf<[a: Tensor, b: Net, c: number, d: Tensor[]]>();
});

test("hasAux keeps the type of aux", () => {
  const f = (a: Tensor) => [sum(a), { note: "text", at: 3 }] as const;
  expectTypeOf(valueAndGrad(f, { hasAux: true })).returns.toEqualTypeOf<{
    value: Tensor;
    grad: Tensor;
    aux: { readonly note: "text"; readonly at: 3 };
  }>();
});

test("an argument may be a number, and its gradient is a tensor", () => {
  expectTypeOf(grad((a: TensorLike, b: Tensor) => mul(a, b), { argnums: [0, 1] })).returns.toEqualTypeOf<
    [Tensor, Tensor]
  >();
  expectTypeOf(grad(sin)).toEqualTypeOf<(x: TensorLike) => Tensor>();
  expect(grad(sin)(0).item()).toBe(1);
});

test("jacobians and hessians have a block for each pair", () => {
  expectTypeOf(jacobian(scalarOf)).toEqualTypeOf<(x: Tensor) => Tensor>();
  expectTypeOf(jacobian((p: { a: Tensor; b: Tensor }) => [p.a] as const)).returns.toEqualTypeOf<
    readonly [{ a: Tensor; b: Tensor }]
  >();
  expectTypeOf(hessian((p: { a: Tensor; b: Tensor }) => p.a)).returns.toEqualTypeOf<{
    a: { a: Tensor; b: Tensor };
    b: { a: Tensor; b: Tensor };
  }>();
});

test("customVjp has the type of its forward", () => {
  const f = customVjp({
    forward: (p: Net, a: Tensor) => [mul(p.heads[0], a), a] as const,
    backward: (a, g) => {
      expectTypeOf(a).toEqualTypeOf<Tensor>();
      expectTypeOf(g).toEqualTypeOf<Tensor>();
      return [net, a];
    },
  });
  expectTypeOf(f).toEqualTypeOf<(p: Net, a: Tensor) => Tensor>();
});

test("a value that is not a tree of tensors does not compile", () => {
  unrun(() => {
    const ofNamed = (p: WithName): Tensor => p.w;
    // @ts-expect-error a string among the leaves
    grad(ofNamed);
    // @ts-expect-error
    valueAndGrad(ofNamed);
    // @ts-expect-error
    vjp(ofNamed, named);
    // @ts-expect-error
    jvp(ofNamed, [named], [named]);
    // @ts-expect-error
    checkpoint(ofNamed);
    // @ts-expect-error
    stopGradient(named);
    // @ts-expect-error
    treeMap((leaf) => leaf, named);
    // @ts-expect-error
    gradcheck(ofNamed, [named]);
    // @ts-expect-error
    hessian(ofNamed);
    // @ts-expect-error
    hvp(ofNamed);
    // @ts-expect-error a string in the value
    trace((a: Tensor) => ({ a, name: "text" }), x);
    // @ts-expect-error
    vjp((a: Tensor) => ({ a, name: "text" }), x);
    // @ts-expect-error a number in the value
    jacobian((a: Tensor) => [a, 3]);
    // @ts-expect-error a boolean
    grad((p: { w: Tensor; frozen: boolean }) => p.w);
    // @ts-expect-error a number in a tree
    grad((p: { w: Tensor; rate: number }) => p.w);
    // @ts-expect-error null
    grad((p: { w: Tensor | null }) => p.w!);
    // @ts-expect-error a function
    stopGradient({ f: () => x });
    // @ts-expect-error a Map
    stopGradient(new Map([["w", x]]));
    // @ts-expect-error a typed array
    stopGradient({ w: new Float64Array(2) });
  });
  expectTypeOf(grad((_: Tensor, p: WithName) => p.w)).returns.toEqualTypeOf<Tensor>(); // arguments that are not differentiated may have any type
});

test("misuse of transforms does not compile", () => {
  unrun(() => {
    // @ts-expect-error a loss that is a number
    grad((a: Tensor) => a.item());
    // @ts-expect-error a loss that is a promise
    grad(async (a: Tensor) => a);
    // @ts-expect-error a loss that is a list
    grad((a: Tensor) => [a]);
    // @ts-expect-error argument 1 does not exist
    grad(scalarOf, { argnums: 1 })(x).shape;
    // @ts-expect-error a number instead of a tensor
    grad(loss)(net, n);
    // @ts-expect-error a missing argument
    grad(loss)(net);
    // @ts-expect-error hasAux needs [loss, aux]
    valueAndGrad(scalarOf, { hasAux: true });
    // @ts-expect-error [loss, aux] needs hasAux
    valueAndGrad((a: Tensor) => [a, 1] as const);
    // @ts-expect-error a tangent for each argument
    jvp(loss, [net, x], [net]);
    // @ts-expect-error a cotangent like the value
    vjp((p: Net) => p, net).pullback(x);
    // @ts-expect-error an option that does not exist
    grad(scalarOf, { argnum: 0 });
    // @ts-expect-error other arguments than the traced ones
    evaluate(trace(loss, net, x), x, net);
    // @ts-expect-error backward must return one cotangent per argument
    customVjp({ forward: (a: Tensor, b: Tensor) => [mul(a, b), null] as const, backward: (_, g: Tensor) => [g] });
    // @ts-expect-error another structure
    treeMap((a) => a, { a: x }, { b: x });
    // @ts-expect-error an unknown dtype
    tensor([1], { dtype: "float16" });
    // @ts-expect-error a string
    tensor("text");
  });
});

test("a tensor is read-only", () => {
  unrun(() => {
    // @ts-expect-error
    x.dtype = "float32";
    // @ts-expect-error
    x.shape = [];
    // @ts-expect-error
    x.shape[0] = 1;
    // @ts-expect-error
    x.data.set(0, 1);
    // @ts-expect-error
    x.data.data[0] = 1;
    // @ts-expect-error
    x.data.shape[0] = 1;
    // @ts-expect-error
    x.label = "W";
  });
  expectTypeOf<Tensor["dtype"]>().toEqualTypeOf<DType>();
});

test("a call of an op has its inputs, then its options", () => {
  expectTypeOf(neg).parameters.toEqualTypeOf<[TensorLike]>();
  expectTypeOf(mul).parameters.toEqualTypeOf<[TensorLike, TensorLike]>();
  expectTypeOf(spread).parameters.toEqualTypeOf<[TensorLike, { readonly shape: readonly number[] }]>();
  unrun(() => {
    // @ts-expect-error a missing input
    mul(x);
    // @ts-expect-error one too many
    neg(x, x);
    // @ts-expect-error a list
    neg([1, 2]);
    // @ts-expect-error missing options
    spread(x);
    // @ts-expect-error options of another kind
    spread(x, { size: 3 });
  });
});

test("an incomplete declaration does not compile", () => {
  const base = {
    name: "op",
    shape: ([a]: readonly { shape: readonly number[] }[]) => a!.shape,
    kernel: () => {},
  } as const;
  const flow = (g: Tensor) => g;
  unrun(() => {
    defineOp<Unary>({ ...base, vjp: [flow], samples: () => [[x]] });
    defineOp<Unary>({ ...base, vjp: [null], samples: () => [[x], [2]] });
    // @ts-expect-error no rule for the second input
    defineOp<Binary>({ ...base, vjp: [flow], samples: () => [[x, x]] });
    // @ts-expect-error a rule too many
    defineOp<Unary>({ ...base, vjp: [flow, flow], samples: () => [[x]] });
    // @ts-expect-error no rules
    defineOp<Unary>({ ...base, samples: () => [[x]] });
    // @ts-expect-error no samples
    defineOp<Unary>({ ...base, vjp: [flow] });
    // @ts-expect-error an empty list of samples
    defineOp<Unary>({ ...base, vjp: [flow], samples: () => [] });
    // @ts-expect-error a sample without the second input
    defineOp<Binary>({ ...base, vjp: [flow, flow], samples: () => [[x]] });
    // @ts-expect-error a sample without its options
    defineOp<Unary, { by: number }>({ ...base, vjp: [flow], samples: () => [[x]] });
    // @ts-expect-error no kernel and no view
    defineOp<Unary>({ name: "op", shape: base.shape, vjp: [flow], samples: () => [[x]] });
    // @ts-expect-error a joint rule for a fixed number of inputs
    defineOp<Unary>({ ...base, vjp: (g: Tensor) => [g], samples: () => [[x]] });
    // @ts-expect-error separate rules for an open number of inputs
    defineOp<Inputs>({ ...base, vjp: [flow], samples: () => [[[x]]] });
    // @ts-expect-error a rule that returns a number
    defineOp<Unary>({ ...base, vjp: [() => 3], samples: () => [[x]] });
    // @ts-expect-error a rule reads a missing input
    defineOp<Unary>({ ...base, vjp: [(_, { inputs: [, b] }) => b], samples: () => [[x]] });
    // @ts-expect-error a rule reads a missing parameter
    defineOp<Unary, { by: number }>({ ...base, vjp: [(_, { params }) => params.to], samples: () => [[x, { by: 1 }]] });
    // @ts-expect-error a misspelled field
    defineOp<Unary>({ ...base, vjp: [flow], sample: () => [[x]], samples: () => [[x]] });
  });
  const own: Op<Unary, { by: number }, { by?: number }> = defineOp({
    name: "own",
    options: { by: 2 },
    params: ({ by = 2 }) => ({ by }),
    shape: ([a]) => a.shape,
    kernel: () => {},
    vjp: [(g, { params }) => own(g, { by: params.by })],
    samples: () => [[1], [1, { by: 3 }]],
  });
  expectTypeOf(own).parameters.toEqualTypeOf<[TensorLike, { by?: number }?]>();
  expect([own.spec.name, round.spec.samples().length]).toEqual(["own", 1]);
});

test("the types of a lambda's arguments are inferred", () => {
  unrun(() => {
    expectTypeOf(record((a, p) => ({ a, w: p.heads[0] }), x, net).value).toEqualTypeOf<{ a: Tensor; w: Tensor }>();
    expectTypeOf(vjp((a, p) => [a, p.heads[0]] as const, x, net).pullback).returns.toEqualTypeOf<[Tensor, Net]>();
    expectTypeOf(jvp((a) => a, [x], [x]).tangent).toEqualTypeOf<Tensor>();
  });
  expect(record((a, b) => [a, b], tensor(1), tensor(2)).value).toHaveLength(2);
});
