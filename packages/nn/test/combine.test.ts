import { tensor } from "@wengert/core";
import * as nn from "@wengert/nn";
import { add, dropout, matmul, randomKey, randomNormal, relu, splitKey } from "@wengert/ops";
import { expect, test } from "vitest";

const x = randomNormal(randomKey(1), { shape: [4, 3] });

test("sequential applies layers in order, and functions as layers without parameters", () => {
  const net = nn.sequential(nn.dense(5), relu, (y) => add(y, 1), nn.dense(2, { bias: false }));
  const params = net.init(randomKey(2), x);
  const [first, , , last] = params;
  const expected = matmul(add(relu(add(matmul(x, first.W), first.b)), 1), last.W);
  expect(net.apply(params, x)).toEqual(expected);
  expect([params[1], params[2]]).toEqual([{}, {}]);
});

test("sequential without layers returns its input", () => {
  const net = nn.sequential();
  expect(net.init(randomKey(1), x)).toEqual([]);
  expect(net.apply([], x)).toBe(x);
});

test("residual adds its input", () => {
  const net = nn.residual(nn.dense(3), relu);
  const params = net.init(randomKey(2), x);
  expect(net.apply(params, x)).toEqual(add(x, relu(nn.dense(3).apply(params[0], x))));
});

test("parallel joins outputs along the last axis, or adds them", () => {
  const branches = [nn.dense(2), relu, nn.dense(3)] as const;
  const net = nn.parallel(branches);
  const params = net.init(randomKey(2), x);
  const rows = net.apply(params, x).toNested<number[][]>();
  const outputs = [branches[0].apply(params[0], x), relu(x), branches[2].apply(params[2], x)];
  const expected = outputs.map((y) => y.toNested<number[][]>());
  expect(rows).toEqual(rows.map((_, i) => expected.flatMap((y) => y[i]!)));

  const sums = nn.parallel([nn.dense(3), relu], { combine: "sum" });
  const own = sums.init(randomKey(2), x);
  expect(sums.apply(own, x)).toEqual(add(nn.dense(3).apply(own[0], x), relu(x)));
});

test("only training changes the output, and only with dropout", () => {
  const plain = nn.sequential(nn.dense(5), relu, nn.residual(nn.dense(5)), nn.layerNorm(), nn.dense(2));
  const params = plain.init(randomKey(2), x);
  const training = { key: randomKey(3), training: true };
  expect(plain.apply(params, x, training)).toEqual(plain.apply(params, x));

  const net = nn.sequential(nn.dense(50), nn.dropout(0.5));
  const own = net.init(randomKey(2), x);
  expect(net.apply(own, x, { key: randomKey(3) })).toEqual(net.apply(own, x));
  expect(net.apply(own, x, { key: randomKey(3), training: false })).toEqual(net.apply(own, x));
  const dropped = net.apply(own, x, training);
  expect(dropped).not.toEqual(net.apply(own, x));
  expect(dropped).toEqual(net.apply(own, x, training));
  expect(dropped).not.toEqual(net.apply(own, x, { ...training, key: randomKey(4) }));
});

test("each layer and each branch gets its own key", () => {
  const key = randomKey(9);
  const ones = tensor(new Array(200).fill(1));
  const half = nn.dropout(0.5);
  const twice = nn.sequential(half, half).apply([{}, {}], ones, { key, training: true });
  const [first, second] = splitKey(key);
  expect(twice).toEqual(dropout(second, dropout(first, ones, { rate: 0.5 }), { rate: 0.5 }));
  const both = nn.parallel([half, half]).apply([{}, {}], ones, { key, training: true }).toNested<number[]>();
  expect(both.slice(0, 200)).not.toEqual(both.slice(200));
});

test("dropout needs a key in training only, and none at rate 0", () => {
  const net = nn.sequential(nn.dense(3), nn.dropout(0.5));
  const params = net.init(randomKey(2), x);
  expect(() => net.apply(params, x, { training: true })).toThrow("sequential: layer 1 (dropout): training needs a key");
  expect(nn.dropout(0).apply({}, x, { training: true })).toBe(x);
  const block = nn.transformerBlock({ heads: 1 });
  const three = randomNormal(randomKey(1), { shape: [1, 2, 4] });
  const own = block.init(randomKey(1), three);
  expect(block.apply(own, three, { training: true })).toEqual(block.apply(own, three));
});

test("errors name the layer by its place in nested nets", () => {
  const net = nn.sequential(
    relu,
    nn.residual(nn.dense(3), nn.sequential(nn.dense(3), nn.parallel([nn.dense(2), relu]))),
  );
  expect(() => net.init(randomKey(1), x)).toThrow(/^sequential: layer 1 \(residual\): the layers must keep the shape/);
  const deep = nn.sequential(
    relu,
    nn.residual(nn.dense(3), nn.sequential(nn.parallel([relu, nn.conv2d(2, { size: 3 })]))),
  );
  expect(() => deep.init(randomKey(1), x)).toThrow(
    /^sequential: layer 1 \(residual\): layer 1 \(sequential\): layer 0 \(parallel\): branch 1 \(conv2d\): x \[4, 3\] must have the axes/,
  );
  const thrower = nn.sequential(() => {
    throw new RangeError("mine");
  });
  expect(() => thrower.apply([{}], x)).toThrow(/^mine$/);
});

test("a layer by defineLayer has the checks and the errors of the other layers", () => {
  const scale = nn.defineLayer({
    name: "scale",
    init: (_, { shape }, { dtype }) => ({ gain: randomNormal(randomKey(1), { shape: shape.slice(-1), dtype }) }),
    apply: ({ gain }, x) => matmul(x, gain),
  });
  const net = nn.sequential(scale);
  const params = net.init(randomKey(1), [1, 3], { dtype: "float32" });
  expect(params[0].gain.dtype).toBe("float32");
  expect(() => net.apply(params, tensor([[1, 2]]))).toThrow(/^sequential: layer 0 \(scale\): matmul: /);
});
