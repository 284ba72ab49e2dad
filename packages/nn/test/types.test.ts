import { grad, jacobian, type Program, type Tensor, trace } from "@wengert/core";
import * as nn from "@wengert/nn";
import { layerNorm as normalize, randomKey, relu, softmax, sum } from "@wengert/ops";
import { adam, type Fit, fit, load } from "@wengert/train";
import { expectTypeOf, test } from "vitest";

// The compiler checks these tests: `tsc -b` fails unless exactly the lines with `@ts-expect-error` have errors. The
// function `unrun` never calls its argument.
const unrun = (_: () => unknown) => {};

interface Dense {
  readonly W: Tensor;
  readonly b: Tensor;
}
const none: nn.NoParams = {};
const net = nn.sequential(nn.dense(8), relu, nn.residual(nn.dense(8, { bias: false }), softmax), nn.dense(3));
type Params = [Dense, nn.NoParams, [{ readonly W: Tensor }, nn.NoParams], Dense];
declare const params: Params;
declare const x: Tensor;

test("the parameters of a net are a tuple of the parameters of its layers", () => {
  expectTypeOf(net).toEqualTypeOf<nn.Layer<Params>>();
  expectTypeOf(net.init(randomKey(1), [1, 2])).toEqualTypeOf<Params>();
  expectTypeOf<nn.ParamsOf<typeof net>>().toEqualTypeOf<Params>();
  expectTypeOf(nn.sequential()).toEqualTypeOf<nn.Layer<[]>>();
  expectTypeOf(nn.parallel([nn.dense(2), relu])).toEqualTypeOf<nn.Layer<[Dense, nn.NoParams]>>();
  expectTypeOf(nn.sequential((y: Tensor) => y, normalize)).toEqualTypeOf<nn.Layer<[nn.NoParams, nn.NoParams]>>();
  expectTypeOf(nn.flatten).toEqualTypeOf<nn.Layer<nn.NoParams>>();
});

test("apply is a function that derivatives, trace, fit and load take", () => {
  unrun(async () => {
    expectTypeOf(trace(net.apply, params, x)).toEqualTypeOf<Program<[params: Params, x: Tensor], Tensor>>();
    expectTypeOf(jacobian(net.apply)(params, x)[0].W).toEqualTypeOf<Tensor>();
    expectTypeOf(grad((p: Params) => sum(net.apply(p, x)))(params)).toEqualTypeOf<Params>();
    expectTypeOf(
      await fit((p, y, { key, training }) => sum(net.apply(p, y, { key, training })), net.init(randomKey(1), x), x, {
        optimizer: adam({ learningRate: 0.1 }),
        epochs: 1,
      }),
    ).toEqualTypeOf<Fit<Params>>();
    expectTypeOf((await load("file", { like: params })).tree).toEqualTypeOf<Params>();
  });
});

test("mistakes do not compile", () => {
  unrun(() => [
    // @ts-expect-error: a layer is missing
    net.apply([params[0], none, params[2]], x),
    // @ts-expect-error: dense is not called
    nn.sequential(nn.dense),
    // @ts-expect-error: a string is not a layer
    nn.sequential("relu"),
    // @ts-expect-error: the weights have no bias
    nn.dense(3, { bias: false }).init(randomKey(1), [1]).b,
    // @ts-expect-error: dense has no such option
    nn.dense(3, { activation: relu }),
    // @ts-expect-error: a convolution needs a size
    nn.conv2d(3, {}),
    // @ts-expect-error: parameters are floats
    net.init(randomKey(1), [1, 2], { dtype: "int32" }),
  ]);
});
