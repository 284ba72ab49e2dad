import type { Tensor } from "@wengert/core";
import { add, div, exp, mul, neg, pow, sub } from "@wengert/ops";

/** A curve-fitting problem: a curve to fit, its data, and the certified solution. */
export interface Problem {
  readonly title: string;
  readonly formula: string;
  readonly xName: string;
  readonly yName: string;
  /** The measurements, as pairs of x and y. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Evaluates the curve at each x, for the parameters b, which are scalars. */
  readonly curve: (x: Tensor, b: readonly Tensor[]) => Tensor;
  readonly starts: { readonly near: readonly number[]; readonly far: readonly number[] };
  readonly certified: Certified;
}

/** The certified values of the parameters, to eleven digits. */
interface Certified {
  readonly b: readonly number[];
  readonly errors: readonly number[];
  readonly sumOfSquares: number;
}

const saturation: Problem["curve"] = (x, [b1, b2]) => mul(b1!, sub(1, exp(neg(mul(b2!, x)))));

/** Evaluates the polynomial c₀ + c₁ x + c₂ x² + … by Horner's rule. */
const polynomial = (x: Tensor, coefficients: readonly (Tensor | number)[]): Tensor =>
  coefficients.reduceRight<Tensor>((sum, c) => add(mul(sum, x), c), mul(0, x));

export const names = ["rat43", "thurber", "misra1a", "boxbod"] as const;

/**
 * Problems from the Statistical Reference Datasets (public domain) of the National Institute of Standards and
 * Technology (NIST): https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml. NIST certifies the solutions, for testing
 * programs.
 */
export const problems: Readonly<Record<(typeof names)[number], Problem>> = {
  thurber: {
    title: "Thurber: the mobility of electrons in silicon",
    formula: "y = (b₁ + b₂x + b₃x² + b₄x³) / (1 + b₅x + b₆x² + b₇x³)",
    xName: "log of the density",
    yName: "mobility",
    points: pairs(
      [-3.067, -2.981, -2.921, -2.912, -2.84, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322, -1.501, -1.46],
      [
        80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696, 101.06, 401.672,
        390.724,
      ],
      [-1.274, -1.212, -1.1, -1.046, -0.915, -0.714, -0.566, -0.545, -0.4, -0.309, -0.109, -0.103],
      [
        567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109, 1080.914, 1122.643, 1178.351, 1260.531,
        1273.514,
      ],
      [0.01, 0.119, 0.377, 0.79, 0.963, 1.006, 1.115, 1.572, 1.841, 2.047, 2.2],
      [1288.339, 1327.543, 1353.863, 1414.509, 1425.208, 1421.384, 1442.962, 1464.35, 1468.705, 1447.894, 1457.628],
    ),
    curve: (x, b) => div(polynomial(x, b.slice(0, 4)), polynomial(x, [1, ...b.slice(4)])),
    starts: { near: [1300, 1500, 500, 75, 1, 0.4, 0.05], far: [1000, 1000, 400, 40, 0.7, 0.3, 0.03] },
    certified: {
      b: [1288.13968, 1491.0792535, 583.23836877, 75.416644291, 0.96629502864, 0.39797285797, 0.049727297349],
      errors: [4.6647963344, 39.571156086, 28.698696102, 5.567537027, 0.031333340687, 0.014984928198, 0.0065842344623],
      sumOfSquares: 5642.7082397,
    },
  },
  rat43: {
    title: "Rat43: the growth of onions",
    formula: "y = b₁ / (1 + exp(b₂ − b₃x))^(1/b₄)",
    xName: "week",
    yName: "dry weight of bulbs and tops",
    points: pairs(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
      [16.08, 33.83, 65.8, 97.2, 191.55, 326.2, 386.87, 520.53, 590.03, 651.92, 724.93, 699.56, 689.96, 637.56, 717.41],
    ),
    curve: (x, [b1, b2, b3, b4]) => div(b1!, pow(add(1, exp(sub(b2!, mul(b3!, x)))), div(1, b4!))),
    starts: { near: [700, 5, 0.75, 1.3], far: [100, 10, 1, 1] },
    certified: {
      b: [699.6415127, 5.2771253025, 0.75962938329, 1.2792483859],
      errors: [16.302297817, 2.0828735829, 0.19566123451, 0.68761936385],
      sumOfSquares: 8786.404908,
    },
  },
  misra1a: {
    title: "Misra1a: nitrogen on a surface",
    formula: "y = b₁ (1 − exp(−b₂x))",
    xName: "pressure",
    yName: "volume adsorbed",
    points: pairs(
      [77.6, 114.9, 141.1, 190.8, 239.9, 289, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760],
      [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78],
    ),
    curve: saturation,
    starts: { near: [250, 0.0005], far: [500, 0.0001] },
    certified: {
      b: [238.94212918, 0.00055015643181],
      errors: [2.7070075241, 7.2668688436e-6],
      sumOfSquares: 0.12455138894,
    },
  },
  boxbod: {
    title: "BoxBOD: the oxygen consumed by bacteria",
    formula: "y = b₁ (1 − exp(−b₂x))",
    xName: "day",
    yName: "biochemical oxygen demand",
    points: pairs([1, 2, 3, 5, 7, 10], [109, 149, 149, 191, 213, 224]),
    curve: saturation,
    starts: { near: [100, 0.75], far: [1, 1] },
    certified: {
      b: [213.80940889, 0.54723748542],
      errors: [12.354515176, 0.10455993237],
      sumOfSquares: 1168.0088766,
    },
  },
};

/** Returns points (x, y). The arguments alternate: a list of x coordinates, then a list of their y coordinates. */
function pairs(...lists: readonly (readonly number[])[]): (readonly [number, number])[] {
  return lists.flatMap((xs, i) => (i % 2 === 0 ? xs.map((x, j) => [x, lists[i + 1]![j]!] as const) : []));
}
