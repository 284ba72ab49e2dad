import { put } from "../../page/address.ts";
import { writeAll } from "./written.ts";

interface Preset {
  readonly name: string;
  readonly title: string;
  readonly x: readonly number[];
  readonly g?: readonly number[];
}

/** Presets of logits that show typical and extreme cases of softmax. */
export const presets: readonly Preset[] = [
  { name: "plain", title: "Three classes", x: [2, 1, 0] },
  { name: "two", title: "Two classes", x: [0, 1.5], g: [-1, 1] },
  { name: "uniform", title: "All equal", x: [1, 1, 1, 1] },
  { name: "ties", title: "A tie for the largest", x: [2, 2, 0, -1] },
  { name: "sure", title: "One class dominates", x: [9, 0, -1, 0.5, -2] },
  { name: "lead", title: "One class leads by 15", x: [16.5, 1, 0] },
  { name: "ten", title: "Ten classes", x: [0.3, -1.2, 1.8, 0.1, -0.4, 2.6, -2.1, 0.9, -0.8, 0.5] },
  { name: "thousands", title: "Logits of 1000", x: [1000, 1001, 1002] },
  { name: "huge", title: "Logits of 10⁸", x: [1e8, 1e8 + 1, 1e8 - 2] },
  { name: "out", title: "One at −∞", x: [2, -Infinity, 0, 1] },
  { name: "nothing", title: "All at −∞", x: [-Infinity, -Infinity, -Infinity] },
  { name: "nan", title: "With a NaN", x: [2, Number.NaN, 0] },
];

/** Applies a preset of logits. Also resets the temperature to 1, and includes all classes. */
export const choose = ({ x, g }: Preset): void =>
  put(
    { x: writeAll(x), g: g && writeAll(g), t: undefined, mask: undefined, cell: undefined, stage: undefined },
    { push: true },
  );

export const chosen = (x: readonly number[]): Preset | undefined =>
  presets.find((preset) => writeAll(preset.x) === writeAll(x));
