import { stopGradient, type Tensor, tensor, vjp, vmap, zeros } from "@wengert/core";
import { isFloat, pack, part } from "@wengert/core/extend";
import { add, mul, randomKey, randomNormal, splitKey, stack } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { allSamples, noiseLike, numbers, tensorsIn, withTensors } from "./support.ts";

// Tests that vmap of every op equals separate calls for the entries of the batch. The tests try every choice of batched
// tensors in the op's samples.

const size = 3;

/**
 * Returns three variants of a tensor. The variants of a float tensor have different elements; those of other tensors
 * are equal.
 */
const variants = (x: Tensor): Tensor[] =>
  Array.from({ length: size }, (_, i) => (isFloat(x.dtype) ? mul(x, tensor(1 - 0.1 * i, { dtype: x.dtype })) : x));

const joined = (entries: readonly Tensor[]): Tensor =>
  part(pack(entries), { shape: [entries.length, ...entries[0]!.shape], offset: 0 });

function outcomeOf<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined; // for example, a matrix that is singular
  }
}

function expectClose(got: unknown, wanted: unknown): void {
  const [as, bs] = [tensorsIn(got), tensorsIn(wanted)];
  expect(as.map(({ dtype, shape }) => [dtype, shape])).toEqual(bs.map(({ dtype, shape }) => [dtype, shape]));
  for (const [k, a] of as.entries())
    for (const [i, x] of numbers(a).entries()) {
      const y = numbers(bs[k]!)[i]!;
      const scale = Math.max(1, ...numbers(bs[k]!).filter(Number.isFinite).map(Math.abs));
      if (!Object.is(x, y) && !(Math.abs(x - y) <= 1e-12 * scale))
        expect.fail(`tensor ${k}, element ${i}: ${x}, not ${y}`);
    }
}

describe("vmap equals one call per entry", () => {
  for (const { title, call, sample } of allSamples) {
    const tensors = tensorsIn(sample);
    const masks = Array.from({ length: 2 ** Math.min(tensors.length, 3) - 1 }, (_, mask) => mask + 1);
    it.each(masks)(`${title}, for the tensors in mask %i`, (mask) => {
      const isBatched = tensors.map((_, k) => ((mask >> Math.min(k, 2)) & 1) === 1);
      const entries = tensors.map((x, k) => (isBatched[k] ? variants(x) : Array<Tensor>(size).fill(x)));
      const f = (...given: Tensor[]) => {
        const next = given.values();
        return call(...withTensors(sample, () => next.next().value)) as Tensor;
      };
      const inAxes = isBatched.map((batched) => (batched ? 0 : null));
      const batches = tensors.map((x, k) => (isBatched[k] ? joined(entries[k]!) : x));
      const loop = (...given: Tensor[]) => {
        const each = Array.from({ length: size }, (_, i) =>
          f(...given.map((x, k) => (isBatched[k] ? entryOf(x, tensors[k]!, i) : x))),
        );
        const outputs = each.map(tensorsIn);
        return outputs[0]!.map((_, j) => joined(outputs.map((list) => list[j]!)));
      };
      const all = (...given: Tensor[]) => tensorsIn(vmap(f, { inAxes })(...given));
      const wanted = outcomeOf(() => loop(...batches));
      if (wanted === undefined) return;
      expectClose(all(...batches), wanted);
      const floats = batches.filter(({ dtype }) => isFloat(dtype));
      if (floats.length === 0 || wanted.every(({ dtype }) => !isFloat(dtype))) return;
      const pulledBack = (g: typeof all) => {
        const of = (...given: Tensor[]) => {
          const next = given.values();
          return g(...batches.map((x) => (isFloat(x.dtype) ? next.next().value! : x))).map((y, j) =>
            isFloat(y.dtype) ? y : stopGradient(wanted[j]!),
          );
        };
        return vjp(of, ...floats).pullback(wanted.map((y, j) => (isFloat(y.dtype) ? noiseLike(y, j) : y)));
      };
      expectClose(pulledBack(all), pulledBack(loop));
    });
  }
});

const entryOf = (batch: Tensor, { shape, size }: Tensor, i: number): Tensor =>
  part(pack([batch]), { shape, offset: i * size });

describe("vmap of random numbers", () => {
  const draw = (key: Tensor) => randomNormal(key, { shape: [4] });

  it("gives each entry the numbers of its key", () => {
    const keys = splitKey(randomKey(3), 3);
    expect(vmap(draw)(stack(keys)).toNested()).toEqual(keys.map((key) => draw(key).toNested()));
  });

  it("gives every entry the same numbers for one key", () => {
    const key = randomKey(3);
    const noisy = (x: Tensor, k: Tensor) => add(x, draw(k));
    const [a, b] = vmap(noisy, { inAxes: [0, null] })(zeros([2, 4]), key).toNested() as number[][];
    expect([a, b]).toEqual([draw(key).toNested(), draw(key).toNested()]);
  });
});
