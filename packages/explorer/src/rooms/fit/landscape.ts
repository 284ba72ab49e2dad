import { fromNdarray, type Tensor } from "@wengert/core";
import { ravel as flat, ndarray } from "@wengert/core/extend";
import { eigh, matmul, mean, randomKey, randomNormal, sub, transpose } from "@wengert/ops";
import type { Model } from "./model.ts";
import type { Landscape } from "./protocol.ts";

// The loss on a plane through the parameters (Li et al. 2018, "Visualizing the Loss Landscape of Neural Nets"). The plane
// contains the current parameters, and the two directions in which the path of training varies most.

/** The parameters after a training step. */
export interface Snapshot {
  readonly step: number;
  readonly model: Model;
}

interface Options {
  /**
   * Snapshots of the model during training, oldest first. The loss is drawn on a plane whose center is the last
   * snapshot.
   */
  readonly path: readonly Snapshot[];
  readonly lossOf: (model: Model) => number;
  /** The number of rows from which `lossOf` computes the loss. */
  readonly rows: number;
  readonly penalized: boolean;
}

/**
 * The numbers of grid points along x and y. With 4 n + 1 points along an axis, a grid of every fourth point reaches
 * both edges.
 */
const [columns, lines] = [33, 21];
const strides = [4, 2, 1]; // first every fourth grid point along each axis, then every second, then all
const patience = 8000; // the time in ms that evaluations may take; a slow model gets a coarser grid
const margin = 1.35; // the width of the picture divided by that of the path

/**
 * Computes the loss on the grid, first coarse, then finer. Yields after each evaluation, so that the worker can handle
 * messages. Yields a picture after each level of the grid, and `undefined` in between.
 */
export function* landscapes({ path, lossOf, rows, penalized }: Options): Generator<Landscape | undefined, void> {
  const center = flatten(path.at(-1)!.model);
  const differences = path.map(({ model }) => minus(flatten(model), center));
  yield undefined;
  const { directions, shares } = principal(differences, center.length);
  const places = differences.map((difference) => directions.map((each) => dot(each, difference)));
  const { x, y } = windowAround(places);
  const losses = new Float32Array(columns * lines).fill(Number.NaN);
  const point = new Float32Array(center.length);
  const picture = { x, y, shares, rows, penalized, step: path.at(-1)!.step };
  const track = path.map(({ step }, i) => ({ step, x: places[i]![0]!, y: places[i]![1]! }));
  const ends = [lossOf(path[0]!.model), lossOf(path.at(-1)!.model)] as const;
  let [spent, evaluated] = [0, 0];
  for (const stride of strides) {
    const [width, height] = [(columns - 1) / stride + 1, (lines - 1) / stride + 1];
    if (evaluated > 0 && (spent / evaluated) * width * height > patience) return;
    for (let i = 0; i < lines; i += stride) {
      for (let j = 0; j < columns; j += stride) {
        if (!Number.isNaN(losses[i * columns + j]!)) continue;
        const begin = performance.now();
        const [a, b] = [at(x, j / (columns - 1)), at(y, i / (lines - 1))];
        for (let p = 0; p < point.length; p++) point[p] = center[p]! + a * directions[0]![p]! + b * directions[1]![p]!;
        const found = lossOf(unflatten(point, path[0]!.model));
        losses[i * columns + j] = Number.isNaN(found) ? Number.POSITIVE_INFINITY : found;
        spent += performance.now() - begin;
        evaluated++;
        yield undefined;
      }
    }
    const grid = new Float32Array(width * height);
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) grid[i * width + j] = losses[i * stride * columns + j * stride]!;
    yield { ...picture, path: track, ends, width, height, losses: grid, isDone: stride === 1 };
  }
}

const at = ([least, most]: readonly [number, number], part: number): number => least + (most - least) * part;

/**
 * Returns two orthogonal unit vectors: the directions in which the points vary most, with their shares of the variance. If
 * the points are on a line, the second direction is random and has the share 0.
 */
function principal(points: readonly Float32Array[], size: number) {
  const all = new Float32Array(points.length * size);
  for (const [i, point] of points.entries()) all.set(point, i * size);
  const X = fromNdarray(ndarray(all, [points.length, size]));
  const centered = sub(X, mean(X, { axis: 0, keepDims: true }));
  // The Gram matrix is small: its size is the number of points. Its eigenvectors give the singular vectors of `centered`.
  const { values, vectors } = eigh(matmul(centered, transpose(centered)));
  const variances = numbersOf(values).map((each) => Math.max(each, 0));
  const total = variances.reduce((sum, each) => sum + each, 0);
  const projected = numbersOf(matmul(transpose(vectors), centered));
  const [directions, shares]: [Float32Array[], number[]] = [[], []];
  for (const rank of [1, 2]) {
    const variance = variances[variances.length - rank] ?? 0;
    const isKnown = variance > 1e-5 * total; // smaller variances are rounding errors of float32
    const from = (points.length - rank) * size;
    const found = isKnown ? projected.slice(from, from + size) : noise(size, rank);
    for (const each of directions) {
      const along = dot(each, found);
      for (let p = 0; p < size; p++) found[p]! -= along * each[p]!;
    }
    const length = Math.sqrt(dot(found, found)) || 1;
    const unit = found.map((each) => each / length);
    // The sign of an eigenvector is arbitrary. The code chooses the sign so that the path of the parameters runs from
    // left to right and starts above its end.
    const sign = dot(unit, points[0]!) * (rank === 1 ? -1 : 1) < 0 ? -1 : 1;
    directions.push(unit.map((each) => sign * each));
    shares.push(isKnown ? variance / total : 0);
  }
  return { directions, shares: shares as unknown as readonly [number, number] };
}

const noise = (size: number, seed: number): Float32Array =>
  numbersOf(randomNormal(randomKey(seed), { shape: [size], dtype: "float32" }));

/** Returns ranges of x and y that contain all points and have the same scale. */
function windowAround(points: readonly (readonly number[])[]): Pick<Landscape, "x" | "y"> {
  const range = (axis: number) => {
    const all = points.map((point) => point[axis]!);
    return [Math.min(...all), Math.max(...all)] as const;
  };
  const [x, y] = [range(0), range(1)];
  const aspect = (columns - 1) / (lines - 1);
  const half = (margin / 2) * Math.max(x[1] - x[0], (y[1] - y[0]) * aspect) || 1;
  const around = ([least, most]: readonly [number, number], by: number) =>
    [(least + most) / 2 - by, (least + most) / 2 + by] as const;
  return { x: around(x, half), y: around(y, half / aspect) };
}

function flatten(model: Model): Float32Array {
  const parts = model.flatMap(({ W, b }) => [numbersOf(W), numbersOf(b)]);
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Returns the numbers as parameters with the shapes of `like`. */
function unflatten(numbers: Float32Array, like: Model): Model {
  let at = 0;
  const take = ({ size, shape }: Tensor) => {
    at += size;
    return fromNdarray(ndarray(numbers.slice(at - size, at), shape));
  };
  return like.map(({ W, b }) => ({ W: take(W), b: take(b) }));
}

function minus(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((each, i) => each - b[i]!);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const numbersOf = (x: Tensor): Float32Array => Float32Array.from(flat(x.array!));
