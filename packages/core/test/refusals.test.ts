import {
  ArgumentError,
  checkpoint,
  cost,
  customVjp,
  evaluate,
  explain,
  fromNdarray,
  jacobian,
  jvp,
  nonFinite,
  OutOfRangeError,
  ShapeError,
  TracedValueError,
  TreeError,
  tensor,
  toDot,
  trace,
  treeMap,
  vjp,
  WengertError,
  zeros,
} from "@wengert/core";
import { type AnyOpSpec, alias, allocateArray, apply, ndarray, pack, show } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { describe, expect, it, test } from "vitest";
import { errorOf, mul, spread } from "./support.ts";

// TypeScript rejects the calls in this list, but JavaScript allows them. Each call must throw an error of the library.

type Loose = (...args: unknown[]) => unknown;
const loose = (f: (...args: never) => unknown): Loose => f as (...args: never) => unknown as Loose;

const x = tensor([1, 2, 3]);
const revoked = (of: object) => {
  const { proxy, revoke } = Proxy.revocable(of, {});
  revoke();
  return proxy;
};
const sparse = new Array(2 ** 32 - 1);
const holed = Object.assign(new Array(3), [1]);
const cyclic: unknown[] = [];
cyclic.push(cyclic);
const recordingLike = { inputs: [x], outputs: [x], steps: [] };

const refusals: readonly (readonly [string, () => unknown, typeof WengertError, RegExp])[] = [
  [
    "a list with a hole for a shape",
    () => loose(zeros)(holed),
    ShapeError,
    /zeros: sizes must be integers ≥ 0, got \[1, undefined, undefined\] \(axis 1\)/,
  ],
  [
    "a shape of 2^32 − 1 holes",
    () => loose(zeros)(sparse),
    ShapeError,
    /zeros: a shape has at most 64 axes, got 4294967295/,
  ],
  ["too many axes", () => zeros(Array(65).fill(1)), ShapeError, /zeros: a shape has at most 64 axes, got 65/],
  [
    "more elements than an array can hold",
    () => zeros([2 ** 17, 2 ** 17]),
    OutOfRangeError,
    /\[131072, 131072\] has more elements/,
  ],
  [
    "a tree with a list of 2^32 − 1 holes",
    () => loose(vjp)((a: unknown) => a, [sparse]),
    TreeError,
    /a\[0\] must be a list of trees/,
  ],
  [
    "a list with an extra key",
    () => loose(vjp)((a: unknown) => a, Object.assign([x], { w: x })),
    TreeError,
    /a must be a list of trees without holes or extra keys, got 2 entries in an array of 1/,
  ],
  [
    "specs that contain themselves",
    () => loose(trace)((a: unknown) => a, cyclic),
    TreeError,
    /nested deeper than 100 levels/,
  ],
  [
    "a spec whose shape contains lists",
    () => loose(trace)((a: unknown) => a, { shape: [sparse] }),
    TreeError,
    /a\.shape\[0\] must be a list of trees/,
  ],
  [
    "a label that is not a string",
    () => loose(tensor)(1, { label: Symbol("s") }),
    ArgumentError,
    /tensor: label must be a string, got Symbol\(s\)/,
  ],
  [
    "an option with the name of an inherited property",
    () => loose(tensor)(1, { constructor: 1 }),
    ArgumentError,
    /there is no option constructor/,
  ],
  [
    "an ndarray that reaches outside its memory",
    () => fromNdarray(ndarray(new Float64Array(2), [3])),
    ShapeError,
    /shape \[3\], stride \[1\] and offset 0 reaches outside its 2 elements/,
  ],
  [
    "an ndarray that reaches before its memory",
    () => tensor(ndarray(new Float64Array(4), [2], [-1], 0)),
    ShapeError,
    /stride \[-1\] and offset 0 reaches outside/,
  ],
  [
    "an object that resembles an ndarray",
    () => loose(tensor)({ data: 1, shape: [1], stride: [1], offset: 0, pick: 1 }),
    ShapeError,
    /an ndarray must have data and one stride per axis/,
  ],
  [
    "a revoked proxy for a tensor",
    () => loose(mul)(revoked(x), 1),
    ArgumentError,
    /mul: input 0 must be a tensor or a number, got an unreadable value/,
  ],
  ["a proxy of a tensor", () => loose(mul)(new Proxy(x, {}), 1), ArgumentError, /mul: input 0 must be a tensor/],
  [
    "a revoked proxy for numbers",
    () => loose(tensor)(revoked([1])),
    WengertError,
    /tensor: expected a number, got an unreadable value/,
  ],
  [
    "a revoked proxy for options",
    () => loose(tensor)(1, revoked({})),
    ArgumentError,
    /tensor: options must be one object, got an unreadable value/,
  ],
  [
    "a revoked proxy for rules",
    () => loose(customVjp)(revoked({})),
    ArgumentError,
    /customVjp: expected \{ forward, backward \}, two functions; got an unreadable value/,
  ],
  [
    "a rule without backward",
    () => loose(customVjp)({ forward: () => 1 }),
    ArgumentError,
    /customVjp: expected \{ forward, backward \}, two functions; got an object/,
  ],
  [
    "a forward without residuals",
    () => loose(loose(customVjp)({ forward: (a: unknown) => a, backward: () => [] }) as Loose)(x),
    ArgumentError,
    /forward must return \[value, residuals\], got a Tensor/,
  ],
  [
    "checkpoint without a function",
    () => loose(checkpoint)(undefined),
    ArgumentError,
    /checkpoint: expected a function, got undefined/,
  ],
  [
    "jvp without tangents",
    () => loose(jvp)((a: unknown) => a, [x]),
    ArgumentError,
    /jvp: tangents must be a list with one entry per argument, got undefined/,
  ],
  ["trace without a function", () => loose(trace)(x), ArgumentError, /trace: expected a function, got a Tensor/],
  [
    "treeMap without a function",
    () => loose(treeMap)(x, x),
    ArgumentError,
    /treeMap: expected a function, got a Tensor/,
  ],
  [
    "nonFinite without a function",
    () => loose(nonFinite)(x),
    ArgumentError,
    /nonFinite: expected a function, got a Tensor/,
  ],
  [
    "gradcheck without a function",
    () => loose(gradcheck)(x, [x]),
    ArgumentError,
    /gradcheck: expected a function, got a Tensor/,
  ],
  [
    "gradcheck with arguments that are not a list",
    () => loose(gradcheck)((a: unknown) => a, x),
    ArgumentError,
    /gradcheck: args must be a list with one entry per argument, got a Tensor/,
  ],
  [
    "gradcheck with an order that is not a number",
    () => loose(gradcheck)((a: unknown) => a, [x], { order: "2" }),
    ArgumentError,
    /gradcheck: order must be a number, got the string "2"/,
  ],
  [
    "gradcheck with an order above 8",
    () => gradcheck((a: typeof x) => a, [x], { order: 2 ** 40 }),
    OutOfRangeError,
    /order must be ≤ 8 and directions ≤ 1000, got 1099511627776 and 3/,
  ],
  [
    "explain of a string",
    () => loose(explain)("list"),
    ArgumentError,
    /explain: expected a recording or a program, from record or trace, got the string "list"/,
  ],
  [
    "toDot of an object with an invalid step",
    () => loose(toDot)({ ...recordingLike, steps: [null] }),
    ArgumentError,
    /toDot: expected a recording or a program/,
  ],
  [
    "cost of an object with invalid constants",
    () => loose(cost)({ ...recordingLike, constants: 3 }),
    ArgumentError,
    /cost: expected a recording or a program/,
  ],
  [
    "evaluate of a recording",
    () => loose(evaluate)(recordingLike, x),
    ArgumentError,
    /evaluate: expected a program, got a recording/,
  ],
  ["pack of an empty list", () => pack([]), ArgumentError, /pack: expected a list of at least one tensor/],
  [
    "a list of inputs with a hole",
    () => loose(pack)(holed),
    ArgumentError,
    /pack: expected a list of tensors, got an array of 3/,
  ],
];
test.each(refusals)("%s throws", (_, call, Class, message) => {
  const error = errorOf(call);
  expect(error).toBeInstanceOf(Class);
  expect(error.message).toMatch(message);
});

test("gradcheck of a traced tensor throws", () => {
  const inside = (a: typeof x) => {
    gradcheck((b: typeof x) => b, [a]);
    return a;
  };
  expect(errorOf(() => trace(inside, x))).toBeInstanceOf(TracedValueError);
});

describe("an array that does not fit in memory", () => {
  it("throws with its shape and its bytes", () => {
    class Full {
      static readonly BYTES_PER_ELEMENT = 8;
      constructor(size: number) {
        throw new RangeError(`Array buffer allocation failed: ${size}`);
      }
    }
    const error = errorOf(() => allocateArray(Full as unknown as typeof Float64Array, "mul", [2 ** 31]));
    expect(error).toBeInstanceOf(OutOfRangeError);
    expect(error.message).toBe(
      "mul: not enough memory for an array of shape [2147483648], 17179869184 bytes; process it in parts, or use a smaller dtype",
    );
  });
  it("throws even as a view, if no array could hold it", () => {
    const spec = spread.spec as unknown as AnyOpSpec;
    expect(errorOf(() => apply(spec, [tensor(1)], { shape: [2 ** 40] })).message).toMatch(
      /^spread: \[1099511627776\] has more/,
    );
    expect(errorOf(() => trace((a: typeof x) => spread(a, { shape: [2 ** 53, 8] }), tensor(1)))).toBeInstanceOf(
      OutOfRangeError,
    );
  });
  it("throws before any work", () => {
    let pulls = 0;
    const f = customVjp({
      forward: (a: typeof x) => [alias(a), null],
      backward: (_, g: typeof x) => {
        pulls++;
        return [g];
      },
    });
    expect(errorOf(() => jacobian(f)(zeros([100_000])))).toBeInstanceOf(OutOfRangeError);
    expect(pulls).toBe(0);
  });
});

test("a message can show any value without throwing", () => {
  const angry = () => {
    throw new Error("angry");
  };
  const proxies = [revoked({}), revoked([]), new Proxy({}, { get: angry }), new Proxy({}, { getPrototypeOf: angry })];
  expect(proxies.map(show)).toContain("an unreadable value");
  expect(show({ constructor: { name: {} } })).toBe("an object");
});
