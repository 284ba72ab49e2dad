import { ravel as flat } from "@wengert/core/extend";
import { randomKey, randomNormal } from "@wengert/ops";
import { packed, unpacked } from "../../../page/packed.ts";
import { reach } from "../grid.ts";
import { type Dataset, minClasses } from "./dataset.ts";

/** A point of the plane and its class. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly k: number;
}

/** The names of the points' classes. */
export const letters = ["A", "B", "C", "D", "E", "F"] as const;
export const maxPoints = 1000;

export const presets = [
  { name: "blobs", title: "Three clouds" },
  { name: "moons", title: "Two moons" },
  { name: "spiral", title: "Spiral" },
  { name: "xor", title: "XOR" },
  { name: "penguins", title: "Penguins" },
  { name: "empty", title: "No points yet" },
] as const;
export type Preset = (typeof presets)[number]["name"];

/**
 * Returns the points of a preset, the same in each call. The coordinates are rounded to hundredths, because the URL
 * stores hundredths.
 */
export async function presetPoints(name: Preset): Promise<readonly Point[]> {
  const points = name === "penguins" ? await (await import("./penguins.ts")).penguinPoints() : makers[name]();
  return points.map(onRaster);
}

const noise = (count: number): ArrayLike<number> => flat(randomNormal(randomKey(7), { shape: [2 * count] }).array!);

function scattered(count: number, spread: number, place: (i: number) => Point): Point[] {
  const by = noise(count);
  return Array.from({ length: count }, (_, i) => {
    const { x, y, k } = place(i);
    return { x: x + spread * by[2 * i]!, y: y + spread * by[2 * i + 1]!, k };
  });
}

const makers: Readonly<Record<Exclude<Preset, "penguins">, () => Point[]>> = {
  blobs: () =>
    scattered(150, 0.55, (i) => {
      const k = i % 3;
      const angle = Math.PI * (0.5 + (2 * k) / 3);
      return { x: 1.45 * Math.cos(angle), y: 1.45 * Math.sin(angle) - 0.2, k };
    }),
  moons: () =>
    scattered(160, 0.17, (i) => {
      const k = i % 2;
      const t = (Math.PI * Math.floor(i / 2)) / 79;
      const [x, y] = k === 0 ? [Math.cos(t), Math.sin(t)] : [1 - Math.cos(t), 0.5 - Math.sin(t)];
      return { x: 1.5 * (x - 0.5), y: 1.5 * (y - 0.25), k };
    }),
  spiral: () =>
    scattered(180, 0.05, (i) => {
      const k = i % 3;
      const t = Math.floor(i / 3) / 59;
      const angle = (2 * Math.PI * k) / 3 + 4 * t;
      const radius = 0.25 + 2.3 * t;
      return { x: radius * Math.cos(angle), y: radius * Math.sin(angle), k };
    }),
  xor: () =>
    scattered(160, 0.45, (i) => {
      const [right, up] = [i % 2, Math.floor(i / 2) % 2];
      return { x: right ? 1.2 : -1.2, y: up ? 1.2 : -1.2, k: right ^ up };
    }),
  empty: () => [],
};

export const onRaster = ({ x, y, k }: Point): Point => ({ x: clipped(x), y: clipped(y), k });
const clipped = (x: number): number => Math.round(100 * Math.min(Math.max(x, -reach), reach)) / 100;

/** Encodes points of the plane as text for a URL parameter. */
export const packedPoints = (points: readonly Point[]): string =>
  packed(points.map(({ x, y, k }) => `${Math.round(100 * x)},${Math.round(100 * y)},${k}`).join(";"));

/**
 * Decodes points of the plane from a URL parameter. Returns `undefined` for input that `packedPoints` did not create.
 */
export function unpackedPoints(field: string): readonly Point[] | undefined {
  const text = unpacked(field);
  if (text === undefined) return undefined;
  const points = text === "" ? [] : text.split(";").map((each) => each.split(",").map(Number));
  const isPoint = ([x, y, k, ...more]: number[]): boolean =>
    [x, y, k].every((part) => Number.isInteger(part)) &&
    Math.max(Math.abs(x!), Math.abs(y!)) <= 100 * reach &&
    k! >= 0 &&
    k! < letters.length &&
    more.length === 0;
  if (points.length > maxPoints || !points.every(isPoint)) return undefined;
  return points.map(([x, y, k]) => ({ x: x! / 100, y: y! / 100, k: k! }));
}

export function pointsAsData(points: readonly Point[]): Dataset {
  const rows = new Float32Array(2 * points.length);
  points.forEach(({ x, y }, i) => {
    rows.set([x, y], 2 * i);
  });
  const classes = Math.max(minClasses, ...points.map(({ k }) => k + 1));
  return {
    title: `${points.length} points`,
    rows,
    labels: Int32Array.from(points, ({ k }) => k),
    classes: letters.slice(0, classes),
    features: ["x", "y"],
  };
}
