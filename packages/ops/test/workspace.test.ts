import { tensor } from "@wengert/core";
import { type Data, defineOp, type Op, type Unary } from "@wengert/core/extend";
import { exp, kernels, mul, softmax, sum } from "@wengert/ops";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Exports } from "../src/wasm/exports.ts";
import { Workspace } from "../src/wasm/workspace.ts";
import { allSamples, plainValues, pullBackRandom, random } from "./support.ts";

const page = 65536;
const { available, choice } = kernels();
afterEach(() => {
  vi.restoreAllMocks();
  kernels(choice);
});

/** Creates a WebAssembly memory of one page (64 kB) that can grow to two pages. */
function small(start = 1040) {
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: MemoryClass } }).WebAssembly;
  const memory = new Memory({ initial: 1, maximum: 2 });
  return { memory, workspace: new Workspace({ memory, free: () => start } as unknown as Exports) };
}
type MemoryClass = new (limits: { initial: number; maximum: number }) => Exports["memory"];

describe("a workspace", () => {
  const kinds = [Float64Array, Float32Array, Int32Array, Uint8Array];
  const sizes = [0, 1, 2, 15, 16, 17, 1000];
  it.each(kinds)("copies any part of a %o in and out, and changes nothing else", (Kind) => {
    const { memory, workspace } = small();
    for (const size of sizes)
      for (const from of [0, 1, 5]) {
        const data: Data = new Kind(size + from + 2).map((_, i) => i + 1);
        expect(workspace.begin(3 * (size * Kind.BYTES_PER_ELEMENT + 80))).toBe(true);
        const [, at, after] = [1, 2, 3].map(() => workspace.allocate(size * Kind.BYTES_PER_ELEMENT));
        expect(at! % 16).toBe(0);
        expect(after! - at!).toBeGreaterThanOrEqual(size * Kind.BYTES_PER_ELEMENT + 64);
        const bytes = new Uint8Array(memory.buffer).fill(255);
        workspace.write(at!, data, from, size);
        const written = data.slice(from, from + size);
        expect(bytes.slice(at, at! + written.byteLength)).toEqual(new Uint8Array(written.buffer));
        bytes.fill(255, at, at! + written.byteLength);
        expect(bytes.every((byte) => byte === 255)).toBe(true);
        workspace.write(at!, data, from, size);
        const back = new Kind(size + 4).fill(77);
        workspace.read(at!, back, 3, size);
        expect(back).toEqual(Kind.of(77, 77, 77, ...written, 77));
      }
  });

  it("grows to the size that is needed, and no further", () => {
    const { memory, workspace } = small();
    expect(workspace.begin(page / 2)).toBe(true);
    expect(memory.buffer.byteLength).toBe(page);
    expect(workspace.begin(page)).toBe(true);
    expect(memory.buffer.byteLength).toBe(2 * page);
  });

  it.each([2 * page, 2 ** 31 - page, 2 ** 31, 2 ** 32, 2 ** 53, Number.POSITIVE_INFINITY, Number.NaN])(
    "reports no room for %d bytes beyond its maximum, and remains usable",
    (bytes) => {
      const { memory, workspace } = small();
      expect(workspace.begin(bytes)).toBe(false);
      expect(memory.buffer.byteLength).toBe(page);
      expect(workspace.begin(100)).toBe(true);
      const y = new Float64Array(2);
      const at = workspace.allocate(16);
      workspace.write(at, Float64Array.of(3, 4), 0, 2);
      workspace.read(at, y, 0, 2);
      expect(y).toEqual(Float64Array.of(3, 4));
    },
  );

  it.each<[string, () => number]>([
    ["throws", () => { throw new RangeError("no memory"); }], // biome-ignore format: one thought
    ["gives −1", () => -1],
    ["does nothing", () => 1],
  ])("reports no room if growing %s", (_, grow) => {
    const { memory, workspace } = small();
    Object.defineProperty(memory, "grow", { value: grow });
    expect(workspace.begin(page)).toBe(false);
    expect(workspace.begin(100)).toBe(true);
  });

  it("remains usable after outside code grows the memory", () => {
    const { memory, workspace } = small();
    const x = Float32Array.from({ length: 100 }, (_, i) => i);
    for (const grow of [() => {}, () => memory.grow(1)]) {
      grow();
      expect(workspace.begin(400)).toBe(true);
      const at = workspace.allocate(400);
      workspace.write(at, x, 0, 100);
      const y = new Float32Array(100);
      workspace.read(at, y, 0, 100);
      expect(y).toEqual(x);
    }
    expect(memory.buffer.byteLength).toBe(2 * page);
  });
});

const results = () =>
  allSamples.map(({ title, call, sample }) => [
    title,
    plainValues(call(...sample)),
    plainValues(pullBackRandom(call, sample)),
  ]);

describe.each(available.filter((name) => name !== "plain"))("without memory for %s kernels", (name) => {
  it("every op has the values and cotangents of plain loops", () => {
    kernels("plain");
    const wanted = results();
    kernels(name);
    vi.spyOn(Workspace.prototype, "begin").mockReturnValue(false);
    expect(results()).toEqual(wanted);
  });
});

describe.each(available)("under %s", (name) => {
  it("a kernel may call other ops", () => {
    kernels(name);
    const inner = random([40, 50], 2);
    const product: Op<Unary> = defineOp({
      name: "product",
      shape: ([x]) => x.shape,
      dtype: () => "float64",
      kernel: (out, [x]) => {
        for (let i = 0; i < out.data.length; i++) {
          const other = sum(mul(softmax(inner), exp(inner)));
          out.data[i] = x.data[x.offset + i]! * other.item();
        }
      },
      vjp: [(g) => g],
      samples: () => [[tensor([1])]],
    });
    const factor = sum(mul(softmax(inner), exp(inner))).item();
    expect(product(tensor([2, 3])).toNested()).toEqual([2 * factor, 3 * factor]);
    expect(softmax(product(tensor([0, 0]))).toNested()).toEqual([0.5, 0.5]);
  });
});
