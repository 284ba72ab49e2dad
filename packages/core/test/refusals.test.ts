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

// What JavaScript lets through and types do not: each is met with an error of the library's own, before there is harm.

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
    /zeros: sizes are whole numbers ≥ 0, got \[1, undefined, undefined\] \(axis 1\)/,
  ],
  [
    "a list without end for a shape",
    () => loose(zeros)(sparse),
    ShapeError,
    /zeros: a shape of 4294967295 axes; there are at most 64/,
  ],
  ["too many axes", () => zeros(Array(65).fill(1)), ShapeError, /zeros: a shape of 65 axes; there are at most 64/],
  [
    "more elements than there can be",
    () => zeros([2 ** 17, 2 ** 17]),
    OutOfRangeError,
    /\[131072, 131072\] has more elements/,
  ],
  [
    "a list without end for a tree",
    () => loose(vjp)((a: unknown) => a, [sparse]),
    TreeError,
    /a\[0\] must be a list of trees/,
  ],
  [
    "a list that is an object too",
    () => loose(vjp)((a: unknown) => a, Object.assign([x], { w: x })),
    TreeError,
    /a must be a list of trees, got 2 entries in an array of 1/,
  ],
  [
    "specs that contain themselves",
    () => loose(trace)((a: unknown) => a, cyclic),
    TreeError,
    /nested deeper than 100 levels/,
  ],
  [
    "a spec whose shape holds lists",
    () => loose(trace)((a: unknown) => a, { shape: [sparse] }),
    TreeError,
    /a\.shape\[0\] must be a list of trees/,
  ],
  [
    "a label that is none",
    () => loose(tensor)(1, { label: Symbol("s") }),
    ArgumentError,
    /tensor: a label is a string, got Symbol\(s\)/,
  ],
  [
    "an option that every object has",
    () => loose(tensor)(1, { constructor: 1 }),
    ArgumentError,
    /there is no option constructor/,
  ],
  [
    "an ndarray that reaches beyond its memory",
    () => fromNdarray(ndarray(new Float64Array(2), [3])),
    ShapeError,
    /shape \[3\], stride \[1\] and offset 0 reaches beyond its 2 numbers/,
  ],
  [
    "one that reaches before it",
    () => tensor(ndarray(new Float64Array(4), [2], [-1], 0)),
    ShapeError,
    /stride \[-1\] and offset 0 reaches beyond/,
  ],
  [
    "what only looks like an ndarray",
    () => loose(tensor)({ data: 1, shape: [1], stride: [1], offset: 0, pick: 1 }),
    ShapeError,
    /an ndarray has data, and a stride/,
  ],
  [
    "a revoked proxy for a tensor",
    () => loose(mul)(revoked(x), 1),
    ArgumentError,
    /mul: input 0 must be a tensor or a number, got something that cannot be read/,
  ],
  ["a proxy of a tensor", () => loose(mul)(new Proxy(x, {}), 1), ArgumentError, /mul: input 0 must be a tensor/],
  [
    "a revoked proxy for numbers",
    () => loose(tensor)(revoked([1])),
    WengertError,
    /tensor: expected a number, got something that cannot be read/,
  ],
  [
    "a revoked proxy for options",
    () => loose(tensor)(1, revoked({})),
    ArgumentError,
    /tensor: expected the options as one object, got something that cannot be read/,
  ],
  [
    "a revoked proxy for rules",
    () => loose(customVjp)(revoked({})),
    ArgumentError,
    /customVjp: expected \{ forward, backward \}, two functions; got something that cannot be read/,
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
    "a checkpoint of nothing",
    () => loose(checkpoint)(undefined),
    ArgumentError,
    /checkpoint: expected a function, got undefined/,
  ],
  [
    "a jvp without tangents",
    () => loose(jvp)((a: unknown) => a, [x]),
    ArgumentError,
    /jvp: tangents is a list with one entry an argument, got undefined/,
  ],
  ["a trace of nothing", () => loose(trace)(x), ArgumentError, /trace: expected a function, got a Tensor/],
  ["a map of nothing", () => loose(treeMap)(x, x), ArgumentError, /treeMap: expected a function, got a Tensor/],
  ["nothing to watch", () => loose(nonFinite)(x), ArgumentError, /nonFinite: expected a function, got a Tensor/],
  ["nothing to check", () => loose(gradcheck)(x, [x]), ArgumentError, /gradcheck: expected a function, got a Tensor/],
  [
    "arguments to check that are no list",
    () => loose(gradcheck)((a: unknown) => a, x),
    ArgumentError,
    /gradcheck: args is a list with one entry an argument, got a Tensor/,
  ],
  [
    "an order that is no number",
    () => loose(gradcheck)((a: unknown) => a, [x], { order: "2" }),
    ArgumentError,
    /gradcheck: order must be a number, got the string "2"/,
  ],
  [
    "an order without end",
    () => gradcheck((a: typeof x) => a, [x], { order: 2 ** 40 }),
    OutOfRangeError,
    /at most 8 in 1000/,
  ],
  [
    "a list that is none, explained",
    () => loose(explain)("list"),
    ArgumentError,
    /explain: expected what record or trace returned, got the string "list"/,
  ],
  [
    "one of other things, drawn",
    () => loose(toDot)({ ...recordingLike, steps: [null] }),
    ArgumentError,
    /toDot: expected what record/,
  ],
  [
    "one of other things, counted",
    () => loose(cost)({ ...recordingLike, constants: 3 }),
    ArgumentError,
    /cost: expected what record/,
  ],
  [
    "a recording, evaluated",
    () => loose(evaluate)(recordingLike, x),
    ArgumentError,
    /evaluate: expected a program, which trace returns/,
  ],
  ["nothing to pack", () => pack([]), ArgumentError, /pack: expected a list of at least one tensor/],
  [
    "a list of inputs with a hole",
    () => loose(pack)(holed),
    ArgumentError,
    /pack: expected a list of tensors, got an array of 3/,
  ],
];
test.each(refusals)("%s", (_, call, Class, message) => {
  const error = errorOf(call);
  expect(error).toBeInstanceOf(Class);
  expect(error.message).toMatch(message);
});

test("a traced tensor has nothing to check", () => {
  const inside = (a: typeof x) => {
    gradcheck((b: typeof x) => b, [a]);
    return a;
  };
  expect(errorOf(() => trace(inside, x))).toBeInstanceOf(TracedValueError);
});

describe("what does not fit into memory", () => {
  it("is refused with its shape and its bytes", () => {
    class Full {
      static readonly BYTES_PER_ELEMENT = 8;
      constructor(size: number) {
        throw new RangeError(`Array buffer allocation failed: ${size}`);
      }
    }
    const error = errorOf(() => allocateArray(Full as unknown as typeof Float64Array, "mul", [2 ** 31]));
    expect(error).toBeInstanceOf(OutOfRangeError);
    expect(error.message).toBe(
      "mul: there is no memory for an array of shape [2147483648], 17179869184 bytes; work in parts, or in a smaller dtype",
    );
  });
  it("is refused as a view too, if no array could hold it", () => {
    const spec = spread.spec as unknown as AnyOpSpec;
    expect(errorOf(() => apply(spec, [tensor(1)], { shape: [2 ** 40] })).message).toMatch(
      /^spread: \[1099511627776\] has more/,
    );
    expect(errorOf(() => trace((a: typeof x) => spread(a, { shape: [2 ** 53, 8] }), tensor(1)))).toBeInstanceOf(
      OutOfRangeError,
    );
  });
  it("is refused before there is work", () => {
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

test("a message shows anything, and throws nothing", () => {
  const angry = () => {
    throw new Error("angry");
  };
  const proxies = [revoked({}), revoked([]), new Proxy({}, { get: angry }), new Proxy({}, { getPrototypeOf: angry })];
  expect(proxies.map(show)).toContain("something that cannot be read");
  expect(show({ constructor: { name: {} } })).toBe("an object");
});
