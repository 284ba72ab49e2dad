import {
  ArgumentError,
  cost,
  DTypeError,
  explain,
  fromNdarray,
  grad,
  OutOfRangeError,
  record,
  ShapeError,
  type Tensor,
  tensor,
  trace,
  vjp,
  type WengertError,
  zeros,
} from "@wengert/core";
import { ndarray, type Shape, sizeOf } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { einsum, matmul, sum } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { errorOf, numbers, product, random } from "./support.ts";

/** Returns a deterministic generator of whole numbers below `n`. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return Math.floor((((state ^ (state >>> 13)) >>> 0) / 2 ** 32) * n);
  };
}

/**
 * A random einsum contraction. `operands` and `output` have a label for each axis, and `written` is the subscripts
 * string.
 */
interface Meant {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly shapes: readonly Shape[];
  readonly written: string;
}

/**
 * Returns a random einsum contraction of 1 to 4 operands. If its subscripts contain "...", the labels "1" and "0" name
 * the axes without letters.
 */
function contraction(seed: number): Meant {
  const roll = dice(seed);
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)]!;
  const sizes = new Map([..."ijkXb10"].map((label) => [label, pick([1, 2, 2, 3, 3, 3, 3, roll(4)])]));
  const hasEllipsis = roll(2) === 0;
  const among = (labels: string[], unnamed: string[]) => {
    const at = roll(labels.length + 1);
    const written = labels.toSpliced(at, 0, hasEllipsis ? "..." : "").join("");
    return { labels: labels.toSpliced(at, 0, ...unnamed), written };
  };
  const terms = Array.from({ length: 1 + roll(4) }, () => {
    const labels = Array.from({ length: roll(4) }, () => pick([..."ijkXb"]));
    return among(labels, hasEllipsis ? pick([[], ["0"], ["1", "0"]]) : []);
  });
  const operands = terms.map(({ labels }) => labels);
  const shapes = operands.map((labels) => {
    const thin = roll(2) === 0 ? undefined : pick(labels); // its axis has size 1 and broadcasts
    return labels.map((label) => (label === thin ? 1 : sizes.get(label)!));
  });
  const all = operands.flat();
  const unnamed = ["1", "0"].filter((axis) => all.includes(axis));
  const named = [...new Set(all)].filter((label) => !unnamed.includes(label));
  const left = terms.map(({ written }) => written).join(pick([",", " , "]));
  if (roll(3) === 0) {
    const once = named.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
    return { operands, output: [...unnamed, ...once], shapes, written: left };
  }
  const { labels: output, written: right } = among(
    named.filter(() => roll(2)).sort(() => roll(3) - 1),
    unnamed,
  );
  return { operands, output, shapes, written: `${left}${pick(["->", " -> "])}${right}` };
}

interface Ring<T> {
  readonly zero: T;
  readonly one: T;
  readonly plus: (a: T, b: T) => T;
  readonly times: (a: T, b: T) => T;
}
const floats: Ring<number> = { zero: 0, one: 1, plus: (a, b) => a + b, times: (a, b) => a * b };
const integers: Ring<bigint> = { zero: 0n, one: 1n, plus: (a, b) => a + b, times: (a, b) => a * b };

/**
 * Returns the contraction and the cotangents of its inputs for the output cotangent `u`, computed by a loop over all
 * indices.
 */
function everyPlace<T>({ operands, output, shapes }: Meant, xs: readonly T[][], ring: Ring<T>, u?: readonly T[]) {
  const { zero, one, plus, times } = ring;
  const labels = [...new Set(operands.flat())];
  const sizes = labels.map((label) => {
    const own = operands.flatMap((list, k) => shapes[k]!.filter((_, axis) => list[axis] === label));
    return own.find((n) => n !== 1) ?? 1;
  });
  const shape = output.map((label) => sizes[labels.indexOf(label)]!);
  const value = new Array<T>(sizeOf(shape)).fill(zero);
  const cotangents = xs.map((x) => x.map(() => zero));
  for (const place of product(...sizes.map((n) => [...new Array(n).keys()]))) {
    const at = (own: readonly string[], lengths: Shape) =>
      own.reduce((flat, label, axis) => {
        const n = lengths[axis]!;
        return flat * n + (n === 1 ? 0 : place[labels.indexOf(label)]!);
      }, 0);
    const from = operands.map((own, k) => at(own, shapes[k]!));
    const to = at(output, shape);
    const factors = xs.map((x, k) => x[from[k]!]!);
    value[to] = plus(value[to]!, factors.reduce(times, one));
    for (const [k, cotangent] of cotangents.entries()) {
      const others = factors.toSpliced(k, 1).reduce(times, u?.[to] ?? zero);
      cotangent[from[k]!] = plus(cotangent[from[k]!]!, others);
    }
  }
  return { shape, value, cotangents };
}

function expectNear(got: Tensor, wanted: readonly number[], what: string): void {
  expect(got.size, what).toBe(wanted.length);
  const worst = Math.max(0, ...numbers(got).map((x, i) => Math.abs(x - wanted[i]!)));
  expect(worst, what).toBeLessThanOrEqual(1e-13);
}

describe("einsum of any subscripts", () => {
  const meant = Array.from({ length: 400 }, (_, i) => contraction(i + 1));
  const tensorsFor = ({ shapes }: Meant, seed: number) => shapes.map((shape, k) => random(shape, 10 * seed + k));
  const textOf = ({ written, shapes }: Meant) => `"${written}" of ${JSON.stringify(shapes)}`;

  it("sums over all labels that the output lacks, and so do its cotangents", () => {
    const kinds = new Set<string>();
    for (const [seed, each] of meant.entries()) {
      const xs = tensorsFor(each, seed);
      const { shape } = everyPlace(each, xs.map(numbers), floats);
      const u = random(shape, seed);
      const { value, cotangents } = everyPlace(each, xs.map(numbers), floats, numbers(u));
      const got = vjp((...tensors: Tensor[]) => einsum(each.written, ...tensors), ...xs);
      expect(got.value.shape, textOf(each)).toEqual(shape);
      expectNear(got.value, value, textOf(each));
      for (const [k, g] of got.pullback(u).entries())
        expectNear(g, cotangents[k]!, `cotangent ${k} of ${textOf(each)}`);
      kinds.add(`${xs.length} ${each.written.includes("...")} ${each.written.includes("->")}`);
    }
    expect(kinds.size).toBe(16);
  });

  it("has derivatives of higher order", { tags: "soak" }, () => {
    for (const [seed, each] of meant.slice(0, 20).entries())
      gradcheck((...tensors: Tensor[]) => einsum(each.written, ...tensors), tensorsFor(each, seed), { order: 3 });
  });

  it("of int32 is exact modulo 2³²", () => {
    for (const [seed, each] of meant.entries()) {
      const roll = dice(seed);
      const values = each.shapes.map((shape) => Int32Array.from({ length: sizeOf(shape) }, () => roll(2 ** 32)));
      const { value } = everyPlace(
        each,
        values.map((list) => Array.from(list, BigInt)),
        integers,
      );
      const got = einsum(each.written, ...values.map((list, k) => fromNdarray(ndarray(list, each.shapes[k]!))));
      expect(got.dtype).toBe("int32");
      expect(numbers(got), textOf(each)).toEqual(value.map((n) => Number(BigInt.asIntN(32, n))));
    }
  });
});

describe("einsum as in NumPy", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const square = tensor([
    [1, 2],
    [3, 4],
  ]);
  it.each<[string, Tensor[], unknown]>([
    ["ii", [square], 5],
    ["ii->i", [square], [1, 4]],
    [
      "ba",
      [x],
      [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    ],
    [
      "bA",
      [x],
      [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    ],
    ["ij->", [x], 21],
    ["ij->j", [x], [5, 7, 9]],
    ["i...->...", [x], [5, 7, 9]],
    ["ij,j", [x, tensor([1, 10, 100])], [321, 654]],
    ["ij,jk", [square, x], matmul(square, x).toNested()],
    ["...", [x], x.toNested()],
    ["ij->...ij", [x], x.toNested()],
    ["", [tensor(3)], 3],
    ["->", [tensor(3)], 3],
    [",", [tensor(3), tensor(4)], 12],
    [
      "i,j->ji",
      [tensor([1, 2]), tensor([3, 4])],
      [
        [3, 6],
        [4, 8],
      ],
    ],
    ["i,i->", [tensor([5]), tensor([1, 2, 3])], 30],
  ])("%j", (subscripts, tensors, wanted) => expect(einsum(subscripts, ...tensors).toNested()).toEqual(wanted));

  it("puts the cotangent of a diagonal among zeros, even if it is infinite", () => {
    const pulled = (subscripts: string, u: Tensor) => vjp((a: Tensor) => einsum(subscripts, a), square).pullback(u)[0];
    expect(pulled("ii->i", tensor([Infinity, 7])).toNested()).toEqual([
      [Infinity, 0],
      [0, 7],
    ]);
    expect(pulled("ii", tensor(Infinity)).toNested()).toEqual([
      [Infinity, 0],
      [0, Infinity],
    ]);
  });
  it("accepts numbers, with the dtype of their partner", () => {
    const y = einsum(",ij,->j", 2, tensor(x, { dtype: "float32" }), 0.5);
    expect([y.dtype, y.toNested()]).toEqual(["float32", [5, 7, 9]]);
    expect(einsum(",", 2, 3).item()).toBe(6);
  });
});

describe("the tape of einsum", () => {
  const specs = (...shapes: Shape[]) => shapes.map((shape) => ({ shape }));
  const titles = (subscripts: string, ...shapes: Shape[]) =>
    trace((...tensors: Tensor[]) => einsum(subscripts, ...tensors), ...specs(...shapes)).steps.map(
      ({ params }) => (params as { subscripts: string }).subscripts,
    );
  const flops = (subscripts: string, ...shapes: Shape[]) =>
    cost(trace((...tensors: Tensor[]) => einsum(subscripts, ...tensors), ...specs(...shapes))).flops;

  it("has one step for one or two tensors, with a letter for each axis", () => {
    expect(titles("ij,jk", [2, 3], [3, 4])).toEqual(["ij,jk->ik"]);
    expect(titles("...ij,...jk", [5, 1, 2, 3], [7, 3, 4])).toEqual(["ABij,Bjk->ABik"]);
    expect(titles("A...->...", [5, 1, 2])).toEqual(["ABC->BC"]);
    expect(explain(record((a: Tensor) => einsum("ij->ji", a), zeros([2, 3])))).toContain('einsum subscripts="ij->ji"');
  });
  it("has one step for each cotangent", () => {
    const backward = (a: Tensor, b: Tensor) =>
      grad((p: Tensor, q: Tensor) => sum(einsum("ij,jk->ik", p, q)), { argnums: [0, 1] })(a, b);
    const { steps } = trace(backward, { shape: [2, 3] }, { shape: [3, 4] });
    expect(steps.filter(({ op }) => op.name === "einsum").map(({ params }) => params)).toEqual([
      { subscripts: "ik,jk->ij" },
      { subscripts: "ik,ij->jk" },
    ]);
  });
  it("has pairwise steps for more tensors, the pairs that shrink the most first", () => {
    expect(titles("ij,jk,kl->il", [1000, 2], [2, 1000], [1000, 2])).toEqual(["jk,kl->jl", "ij,jl->il"]);
    expect(titles("ij,jk,k->i", [30, 40], [40, 50], [50])).toEqual(["jk,k->j", "ij,j->i"]);
    expect(titles(",ij,i->j", [], [200, 300], [200])).toEqual(["ij,i->j", ",j->j"]);
    expect(titles("bqd,bkd,bkv->bqv", [1, 500, 8], [1, 500, 8], [1, 500, 8])).toEqual(["bkd,bkv->bdv", "bqd,bdv->bqv"]);
  });
  it("has the expected cost", () => {
    expect(flops("ij,jk->ik", [2, 3], [3, 4])).toBe(2 * 2 * 3 * 4);
    expect(flops("ij,jk,k->i", [30, 40], [40, 50], [50])).toBe(2 * (40 * 50 + 30 * 40));
    expect(flops("ij,jk,kl,lm->im", [10, 100], [100, 10], [10, 100], [100, 10])).toBe(
      2 * (2 * 10 * 100 * 10 + 10 ** 3),
    );
    expect(flops("ij,ij->ij", [2, 3], [2, 3])).toBe(6); // no sum
    expect(flops("ij,k->k", [20, 30], [5])).toBe(20 * 30 + 5); // a sum before the product
    expect(flops("ij->ji", [2, 3])).toBe(0);
    expect(flops("ij->", [2, 3])).toBe(6);
  });
});

describe("einsum throws for", () => {
  const X = zeros([2, 3], { label: "X" });
  const W = zeros([3, 4], { label: "W" });
  const f = (subscripts: unknown, ...tensors: unknown[]) =>
    (einsum as (...args: unknown[]) => Tensor)(subscripts, ...tensors);
  it.each<[string, [unknown, ...unknown[]], typeof WengertError, RegExp]>([
    [
      "tensors first",
      [X, W, "ij,jk"],
      ArgumentError,
      /^einsum: subscripts must be the first argument, a string .*; got a Tensor$/,
    ],
    ["an array", ["ij", [[1]]], ArgumentError, /^einsum: input 0 must be a tensor or a number, got an array/],
    ["another character", ["ij,j1->i", X, W], ArgumentError, /^einsum: "ij,j1->i": labels are letters, got "1"$/],
    ["half an arrow", ["ij-ji", X], ArgumentError, /labels are letters, got "-"/],
    ["a comma behind the arrow", ["ij->i,j", X], ArgumentError, /labels are letters, got ","/],
    ["two arrows", ["ij->i->j", X], ArgumentError, /: "->" may occur only once, before the output$/],
    [
      "a label that only the output has",
      ["ij->ik", X],
      ArgumentError,
      /: the output has label k, but no tensor has it$/,
    ],
    ["a label twice in the output", ["ij->jj", X], ArgumentError, /: the output has label j twice; write it once$/],
    ["too few tensors", ["ij,jk->ik", X], ArgumentError, /^einsum: "ij,jk->ik" has labels for 2 tensors, got 1$/],
    [
      "too many tensors",
      ["ij", X, W],
      ArgumentError,
      /^einsum: "ij" has labels for 1 tensor, got 2; separate the labels of two tensors by a comma$/,
    ],
    ["no tensors", [""], ArgumentError, /^einsum: "" has labels for 1 tensor, got 0$/],
    [
      "an axis without a letter",
      ["i,jk->ik", X, W],
      ShapeError,
      /^einsum: "i" names 1 axis, and X \[2, 3\] has 2; write "\.\.\.i" for any number of leading axes$/,
    ],
    [
      "a letter without an axis",
      ["ijk,jk->ik", X, W],
      ShapeError,
      /^einsum: "ijk" names 3 axes, and X \[2, 3\] has 2$/,
    ],
    ["more letters than axes beside an ellipsis", ["...ijk", X], ShapeError, /"\.\.\.ijk" names 3 axes, and X/],
    [
      "two sizes of a label",
      ["ij,jk->ik", X, zeros([4, 5], { label: "W" })],
      ShapeError,
      /^einsum: label j is 3 in X \[2, 3\] and 4 in W \[4, 5\]; sizes must be equal, or 1$/,
    ],
    [
      "a transposed operand",
      ["ij,kj->ik", X, W],
      ShapeError,
      /label j is 3 in X \[2, 3\] and 4 in W \[3, 4\]; did you mean "ij,jk->ik"\?$/,
    ],
    [
      "a diagonal of sides that differ",
      ["ii->i", X],
      ShapeError,
      /^einsum: label i names axes of 2 and 3 in X \[2, 3\]; a diagonal needs equal sizes$/,
    ],
    ["a diagonal with a side of 1", ["ii->i", zeros([1, 3])], ShapeError, /axes of 1 and 3 in tensor 0 \[1, 3\]/],
    [
      "ellipses that do not broadcast",
      ["...,...", X, zeros([4], { label: "W" })],
      ShapeError,
      /^einsum: axis -1 of "\.\.\." is 3 in X \[2, 3\] and 4 in W \[4\]/,
    ],
    [
      "two ellipses",
      ["...i...->i", X],
      ArgumentError,
      /"\.\.\." is three dots and may occur only once per tensor, got "\.\.\.i\.\.\."$/,
    ],
    ["two dots", ["..i->i", X], ArgumentError, /three dots.*got "\.\.i"$/],
    [
      "no ellipsis in the output",
      ["...j->j", X],
      ArgumentError,
      /the output lacks "\.\.\." for the axes without a letter; write "\.\.\.j"$/,
    ],
    [
      "too many axes for the letters",
      ["...", zeros(new Array(53).fill(1))],
      OutOfRangeError,
      /53 axes, but only 52 letters/,
    ],
    [
      "floats of two kinds",
      ["ij,jk,kl", X, W, zeros([4, 4], { dtype: "float32", label: "v" })],
      DTypeError,
      /^einsum: one dtype is needed, X \[2, 3\] is float64, v \[4, 4\] is float32; write cast\(v, \{ dtype: "float64" \}\)$/,
    ],
    ["bools", ["i->", tensor([true])], DTypeError, /^einsum: a number is needed, x \[1\] is bool; write cast\(x, /],
  ])("%s", (_, args, Class, message) => {
    const error = errorOf(() => f(...args));
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
});
