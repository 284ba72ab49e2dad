import { runInThisContext } from "node:vm";
import type * as Core from "@wengert/core";
import type * as Ops from "@wengert/ops";

// Calls every function that core and ops export with wrong arguments: one or two entries of valid arguments are
// replaced by invalid values. For the same seed, call number k is always the same.

export interface Library {
  readonly core: typeof Core;
  readonly ops: typeof Ops;
  readonly gradcheck: (...args: never) => unknown;
  readonly ndarray: (...args: never) => unknown;
}

/**
 * The error that the fuzzer's getters and proxy traps throw. They simulate a user's code, so the library may let this
 * error propagate unchanged.
 */
export class UsersOwn extends Error {}
const users = (): never => {
  throw new UsersOwn("the user's own");
};

/** A value, and the source text that a failure report shows for the value. */
interface Written<T = unknown> {
  readonly value: T;
  readonly text: string;
}

/**
 * A function and valid arguments for it. If the function returns another function, the returned function is called with
 * the arguments `next`.
 */
interface Target {
  readonly name: string;
  readonly call: (...args: unknown[]) => unknown;
  readonly right: readonly (readonly unknown[])[];
  readonly next: readonly unknown[];
}

/**
 * Exports whose arguments are not checked, with the reason for each. Exports for authors of ops are omitted, because
 * TypeScript checks their arguments.
 */
export const unchecked: Readonly<Record<string, string>> = {
  Tensor: "the constructor trusts kernels; tensor() and fromNdarray() check",
};

function targetsOf({ core, ops, gradcheck, ndarray }: Library): Target[] {
  const { tensor, record, trace } = core;
  const { add, mul, sum, exp } = ops;
  type T = Core.Tensor;
  const x = () => tensor([1, 2, 3]);
  const f = (a: T): T => mul(a, exp(a));
  const loss = (a: T): T => sum(f(a));
  const listing = () => record(f, x());
  const program = () => trace(f, x());
  const calls: Record<string, readonly unknown[][]> = {
    tensor: [
      [
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: "float32", label: "x" },
      ],
      [x()],
    ],
    zeros: [[[2, 3], { dtype: "int32", label: "x" }]],
    ones: [[[2, 3], { dtype: "bool" }]],
    full: [[[2, 3], 4, { dtype: "float32" }]],
    zerosLike: [[x(), { dtype: "int32", label: "x" }]],
    onesLike: [[x(), { dtype: "bool" }]],
    fullLike: [[x(), 4, { dtype: "float32" }]],
    fromNdarray: [[(ndarray as (...args: unknown[]) => unknown)(new Float64Array(6), [2, 3]), { label: "x" }]],
    vjp: [[f, x()]],
    jvp: [[f, [x()], [x()]]],
    linearize: [[f, x()]],
    grad: [[loss, { argnums: 0 }]],
    valueAndGrad: [
      [loss, { argnums: [0] }],
      [(a: T) => [loss(a), 1], { hasAux: true }],
    ],
    jacobian: [[f]],
    hessian: [[loss]],
    hvp: [[loss]],
    stopGradient: [[{ w: x() }]],
    customVjp: [[{ forward: (a: T) => [f(a), a], backward: (a: T, g: T) => [mul(a, g)] }]],
    customJvp: [[{ value: f, tangent: ([a]: [T], [v]: [T]) => mul(a, v) }]],
    checkpoint: [[f]],
    vmap: [[f, { inAxes: 0, outAxes: 0, size: 3, chunk: 2 }]],
    scan: [[(c: T, a: T) => [add(c, a), a], tensor(1), x(), { length: 3, reverse: true, segments: 2 }]],
    fixedPoint: [[(a: T, b: T) => mul(add(a, b), 0.5), x(), x(), { tolerance: 1e-3, maxSteps: 20 }]],
    root: [[(a: T, b: T) => add(a, mul(b, -1)), x(), x(), { tolerance: 1e-3, maxSteps: 20 }]],
    pushes: [[listing(), [x()]]],
    record: [[f, x()]],
    trace: [[f, { shape: [3], dtype: "float64", label: "x" }]],
    evaluate: [[program(), x()]],
    explain: [[listing()], [program()]],
    toDot: [[listing()], [program()]],
    cost: [[program()]],
    nonFinite: [[f, x()]],
    withLabel: [[x(), "x"]],
    treeMap: [[(a: T, b: T) => add(a, b), { w: x() }, { w: x() }]],
    kernels: [["auto"], []],
    allClose: [[x(), x(), { relativeTolerance: 0.1, absoluteTolerance: 0.1, equalNaN: true }]],
    gradcheck: [[f, [x()], { order: 1, directions: 1 }]],
  };
  const next: Record<string, readonly unknown[]> = { hvp: [x(), x()] };
  const found: Target[] = [];
  for (const [name, value] of Object.entries({ ...core, gradcheck, ...ops }) as [string, unknown][]) {
    if (typeof value !== "function" || name in unchecked || value.prototype instanceof Error) continue;
    const own = value as Target["call"] & { samples?(): unknown[][]; spec?: { samples(): unknown[][] } };
    const right = calls[name] ?? own.samples?.() ?? own.spec?.samples();
    if (right === undefined) throw new Error(`fuzz.ts does not say how ${name} is called`);
    found.push({ name, call: own, right, next: next[name] ?? [x()] });
  }
  return found;
}

/** Source texts of values that are invalid for most arguments of functions. */
const expressions = `
  undefined; null; true; false; 0; -0; 1; -1; 2; 3; 0.5; -2.5; NaN; Infinity; -Infinity;
  2 ** 31; 2 ** 32; 2 ** 53; 2 ** 60; -(2 ** 31); 1e308; 5e-324; 1n; 2n ** 70n;
  ""; "text"; "axis"; "float64"; "int32"; "__proto__"; "x".repeat(100000); "\\uD800"; Symbol("s"); Symbol.iterator;
  []; {}; [1, 2]; [0, 0]; [-1]; [[]]; [[1], [2, 3]]; [undefined]; [true, 1]; ["1"]; [1n]; [Symbol("s")]; [null]; [() => 1];
  [2 ** 31]; [2 ** 53]; [2 ** 30, 2 ** 30]; [65536, 65536, 65536, 65536]; [0, 2 ** 53]; [0.5]; [NaN]; [3, 3]; [0];
  new Array(3); [2, , 3]; new Array(2 ** 32 - 1); [new Array(2 ** 31)]; { length: 3 }; { length: 2 ** 53 };
  new Array(70).fill(1); Array(5000).fill(2); Object.assign([1], { axis: 0 }); Object.freeze([1]);
  { axis: 0 }; { shape: [2] }; { dtype: "float16" }; { [Symbol("s")]: 1 }; { ["__proto__"]: 1 }; { dim: 1 }; { "a b": 1 };
  { constructor: 1 }; { then: 1 }; Object.create(null); Object.create({ axis: 0 });
  () => 1; async () => 1; function* () { yield 1 }; (x) => x; (x) => [x, x]; () => undefined; (x) => ({ x }); Number.isFinite;
  new Date(0); /x/; new Map(); new Set([1]); Promise.resolve(1); new WeakMap(); new Error("e"); globalThis;
  Object(1); Object("s"); Object(1n); new DataView(new ArrayBuffer(8)); new ArrayBuffer(8);
  new Float64Array(3); new Float32Array([NaN, 1]); new BigInt64Array(2); new Uint8Array([0, 1, 2]); new Float64Array(0);
  new Float64Array(new SharedArrayBuffer(24)); new Uint8ClampedArray(2)`;

/** Returns a list of values that are invalid for most arguments. The function creates new values in each call. */
function nastiesOf({ core, ops, ndarray }: Library): readonly (readonly [text: string, make: () => unknown])[] {
  const { tensor, zeros, trace } = core;
  const nd = ndarray as (...args: unknown[]) => Record<string, unknown>;
  const detached = () => {
    const array = new Float64Array(3);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };
  const cyclic = () => {
    const list: unknown[] = [1];
    list.push(list);
    return list;
  };
  const round = () => {
    const node: Record<string, unknown> = { w: tensor(1) };
    node.self = node;
    return node;
  };
  const deep = (levels: number) => {
    let list: unknown = 1;
    for (let i = 0; i < levels; i++) list = [list];
    return list;
  };
  const revoked = (of: object) => {
    const { proxy, revoke } = Proxy.revocable(of, {});
    revoke();
    return proxy;
  };
  const trapped = (of: object) => new Proxy(of, { get: users, has: users, ownKeys: users, getPrototypeOf: users });
  let traced: unknown;
  trace(
    (a: Core.Tensor) => {
      traced = a;
      return a;
    },
    { shape: [3] },
  );
  const evaluated = expressions
    .split(";")
    .map((text) => text.trim())
    .map((text) => [text, () => runInThisContext(`(${text})`)] as const);
  return [
    ...evaluated,
    ["a cyclic array", cyclic],
    ["a cyclic object", round],
    ["60 levels", () => deep(60)],
    ["100000 levels", () => deep(100_000)],
    ["a detached Float64Array", detached],
    ["a revoked array", () => revoked([1, 2])],
    ["a revoked object", () => revoked({ axis: 0 })],
    ["a revoked tensor", () => revoked(tensor(1))],
    ["a trapped array", () => trapped([1, 2])],
    ["a trapped object", () => trapped({ axis: 0 })],
    ["a trapped tensor", () => trapped(tensor([1, 2, 3]))],
    ["a trapped function", () => new Proxy(() => tensor(1), { apply: users, get: users })],
    ["a proxy of a tensor", () => new Proxy(tensor([1, 2, 3]), {})],
    ["a proxy of an array", () => new Proxy([1, 2], {})],
    ["a proxy of an object", () => new Proxy({ axis: 0 }, {})],
    ["an axis that throws", () => ({ get axis() { return users(); } })], // biome-ignore format: one thought
    ["a dtype that throws", () => ({ get dtype() { return users(); } })], // biome-ignore format: one thought
    ["an entry that throws", () => Object.defineProperty([1, 2], 1, { get: users, enumerable: true })],
    ["a toString that throws", () => ({ toString: users, valueOf: users })],
    ["a toPrimitive that throws", () => ({ [Symbol.toPrimitive]: users })],
    ["no toString", () => Object.create(null, { length: { value: 2 } })],
    ["an iterator that throws", () => ({ [Symbol.iterator]: users, length: 2 })],
    ["an endless iterator", () => ({ *[Symbol.iterator]() { for (;;) yield 1; } })], // biome-ignore format: one thought
    ["a constructor that throws", () => Object.create({}, { constructor: { get: users } })],
    ["an instance with an axis", () => new (class Options { axis = 0; })()], // biome-ignore format: one thought
    ["a function that throws", () => users],
    ["a function that returns a tensor", () => () => tensor(1)],
    ["a function that returns a promise", () => () => Promise.resolve(tensor(1))],
    ["a function with a toString that throws", () => Object.assign((a: unknown) => a, { toString: users })],
    ["a scalar", () => tensor(2)],
    ["a vector", () => tensor([0.5, -1, 2])],
    ["a float32 matrix", () => tensor([[1, 2, 3], [4, 5, 6]], { dtype: "float32" })], // biome-ignore format: one thought
    ["int32", () => tensor([1, 0, 2], { dtype: "int32" })],
    ["wild int32", () => tensor([-5, 2 ** 31 - 1, -(2 ** 31)], { dtype: "int32" })],
    ["bool", () => tensor([true, false, true])],
    ["no elements", () => zeros([0, 3])],
    ["NaN and infinities", () => tensor([NaN, Infinity, -Infinity])],
    ["32 axes", () => zeros(Array(32).fill(1))],
    ["2^16 elements", () => zeros([256, 256])],
    ["a traced tensor", () => traced],
    ["a repeated tensor", () => ops.broadcastTo(tensor(1), { shape: [2, 3] })],
    ["a transposed tensor", () => ops.transpose(tensor([[1, 2, 3], [4, 5, 6]]))], // biome-ignore format: one thought
    ["an ndarray", () => nd(new Float64Array(6), [2, 3])],
    ["an ndarray over a list", () => nd([1, 2, 3], [3])],
    ["an ndarray beyond its memory", () => nd(new Float64Array(2), [1000])],
    ["an ndarray of wrong strides", () => nd(new Float64Array(6), [2, 3], [5, -7], 1)],
    ["an ndarray of fractions", () => nd(new Float64Array(6), [1.5])],
    ["a huge ndarray", () => nd(new Float64Array(1), [2 ** 31], [0])],
    ["what looks like an ndarray", () => ({ data: 1, shape: 2, stride: 3, offset: 4, pick: 5, dtype: "float64" })],
    ["an emptied ndarray", () => Object.assign(nd(new Float64Array(6), [2, 3]), { data: detached() })],
    ["what looks like a tensor", () => ({ shape: [1], dtype: "float64", array: nd(new Float64Array(1), [1]) })],
    ["an ops spec", () => ops.add.spec],
    ["an op", () => ops.add],
    ["a recording", () => core.record((a: Core.Tensor) => a, tensor(1))],
    ["a program", () => trace((a: Core.Tensor) => a, { shape: [] })],
  ];
}

/** Returns a generator of random whole numbers below n. */
function randomFrom(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x9e3779b9) >>> 0;
    let t = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    t = Math.imul(t ^ (t >>> 13), 0xc2b2ae35);
    return ((t ^ (t >>> 16)) >>> 0) % n;
  };
}

/**
 * Returns a random sequence of calls, which `seed` determines. `at(k)` returns the source text of call k, and a
 * function that runs the call.
 */
export function callsOf(library: Library, seed: number): { at(k: number): { text: string; run: () => unknown } } {
  const targets = targetsOf(library);
  const nasties = nastiesOf(library);
  const { Tensor } = library.core;
  /**
   * Returns the keys of the object `x` whose values the fuzzer may replace by invalid values. Returns no keys for
   * tensors, recorded steps, and proxies that throw when they are copied.
   */
  const keysOf = (x: unknown): string[] => {
    try {
      return typeof x !== "object" || x === null || x instanceof Tensor || "op" in x ? [] : Object.keys({ ...x });
    } catch {
      return [];
    }
  };

  /** Replaces, adds or removes one argument of a call. */
  function spoiled(args: readonly unknown[], random: (n: number) => number): Written<unknown[]> {
    const k = random(args.length + 1);
    if (k === args.length && random(2) === 0) return { value: args.slice(0, -1), text: "without the last" };
    const { value, text } = k === args.length ? nasty(random) : exchanged(args[k], random, 1);
    return { value: args.toSpliced(k, 1, value), text: `argument ${k}${text}` };
  }

  /** Replaces the argument `x`, or an entry of `x` at most four levels deep, by an invalid value. */
  function exchanged(x: unknown, random: (n: number) => number, depth: number): Written {
    const keys = depth < 4 ? keysOf(x) : [];
    if (keys.length === 0 || random(3) === 0) return nasty(random);
    const copy = (Array.isArray(x) ? [...x] : { ...(x as object) }) as Record<string, unknown>;
    const isNew = random(4) === 0;
    const key = isNew
      ? ["axis", "dtype", "shape", "label", "keepDims", "where", "dim", "7"][random(8)]!
      : keys[random(keys.length)]!;
    const { value, text } = isNew ? nasty(random) : exchanged(copy[key], random, depth + 1);
    copy[key] = value;
    return { value: copy, text: `.${key}${text}` };
  }

  function nasty(random: (n: number) => number): Written {
    const [text, make] = nasties[random(nasties.length)]!;
    return { value: make(), text: ` = ${text}` };
  }

  return {
    at(k) {
      const random = randomFrom(seed * 1_000_003 + k);
      const target = targets[k % targets.length]!;
      const right = target.right[random(target.right.length)]!;
      let args = spoiled(right, random);
      if (random(4) === 0) {
        const again: Written<unknown[]> = spoiled(args.value, random);
        args = { value: again.value, text: `${args.text}; ${again.text}` };
      }
      const next = random(2) === 0 ? { value: target.next, text: "" } : spoiled(target.next, random);
      const text = `${target.name}: ${args.text}${next.text && `; then ${next.text}`}`;
      const run = () => used(target.call(...args.value), next.value);
      return { text, run };
    },
  };
}

/**
 * Uses the return value of a call: calls a returned function or pullback, and runs the backward pass of a returned
 * recording.
 */
function used(value: unknown, then: readonly unknown[]): unknown {
  if (typeof value === "function" && !("spec" in value)) return used(value(...then), []);
  if (typeof value !== "object" || value === null) return value;
  const { pullback, pushforward, pulls, steps } = value as Record<string, (...args: unknown[]) => unknown>;
  if (typeof pullback === "function") return pullback(...then);
  if (typeof pushforward === "function") return pushforward(...then);
  if (typeof pulls === "function" && Array.isArray(steps)) return [...(pulls() as Iterable<unknown>)];
  return value;
}
