import { type Tensor, tensor } from "@wengert/core";
import { encode } from "fast-png";
import { gates, initialState, type Model, read } from "./model.ts";

/** The values of the update and the reset gate of one recurrent unit, for each character of a sentence. */
export interface UnitGates {
  readonly unit: number;
  readonly update: readonly number[];
  readonly reset: readonly number[];
}

/**
 * Reads a sentence, and returns the gates of the `count` units whose update gates vary most. The units are sorted by the mean
 * of the update gate, so the unit with the longest memory is first.
 */
export function gatesOver(model: Model, sentence: readonly number[], count: number): readonly UnitGates[] {
  const steps: { r: number[]; z: number[] }[] = [];
  let h: Tensor = initialState(model, 1);
  for (const code of sentence) {
    const codes = tensor(Int32Array.of(code));
    const { r, z } = gates(model, codes, h);
    steps.push({ r: r.toNested<number[][]>()[0]!, z: z.toNested<number[][]>()[0]! });
    h = read(model, codes, h).state;
  }
  const units = steps[0]!.z.map((_, unit) => ({
    unit,
    update: steps.map(({ z }) => z[unit]!),
    reset: steps.map(({ r }) => r[unit]!),
  }));
  return units
    .toSorted((a, b) => variance(b.update) - variance(a.update))
    .slice(0, count)
    .toSorted((a, b) => mean(b.update) - mean(a.update));
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const variance = (values: readonly number[]): number => mean(values.map((v) => (v - mean(values)) ** 2));

/** Returns rows of numbers between 0 and 1 as an image (a PNG data URL), in which larger numbers are more opaque blue. */
export function heatImage(rows: readonly (readonly number[])[]): string {
  const [height, width] = [rows.length, rows[0]!.length];
  const data = Uint8ClampedArray.from(rows.flat().flatMap((value) => [44, 125, 214, 255 * (0.04 + 0.96 * value)]));
  const file = encode({ width, height, channels: 4, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(file).toString("base64")}`;
}
