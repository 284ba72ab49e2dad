import { readFileSync } from "node:fs";
import { type Tensor, tensor, vjp } from "@wengert/core";
import { type Kernels, kernels } from "@wengert/ops";
import * as exported from "./all/ops.ts";

// Measures the errors of ops against the references in goldens/mpmath.txt, in units in the last place (ulp) of the
// exact result.

const dtypes = ["float64", "float32"] as const;
type DType = (typeof dtypes)[number];
type Quantity = "value" | "derivative";
type Call = (...args: readonly unknown[]) => Tensor;

/** The worst error of the value or derivative of an op, and the inputs at which it was found. */
export interface Finding {
  readonly op: string;
  readonly quantity: Quantity;
  readonly dtype: DType;
  readonly ulps: number;
  readonly at: string;
}

/**
 * Returns the error bound, in ulp, for a result that was computed with the kernels `running`. A plain JavaScript loop
 * rounds a float32 value only once. A derivative has a larger bound, because it is a product of rounded numbers.
 */
export function boundOf({ op, quantity, dtype }: Omit<Finding, "ulps" | "at">, running: Kernels): number {
  if (softmaxFamily.has(op) && running !== "plain") return 4;
  if (dtype === "float32" && quantity === "value" && op !== "mse") return 0.501;
  if (op === "tan" && quantity === "derivative") return 3; // g / cos² x has the error of cos twice
  return softmaxFamily.has(op) || specialFunctions.has(op) ? 4 : 2;
}

/** Ops that work on slices. */
const softmaxFamily = new Set(["softmax", "logSoftmax", "logSumExp", "crossEntropy"]);

/** The names of special functions. Their errors are larger, because these functions take many operations. */
const specialFunctions = new Set([
  ...["erf", "erfc", "gaussian", "erfinv", "erfinvSlope", "logNdtr", "inverseMills", "inverseMillsExcess"],
  ...["lgamma", "digamma", "polygamma", "betaln", "polygammaDifference", "gammainc", "gammaincSlope"],
]);

/**
 * The names of results that are sums of positive and negative terms, so that digits may cancel. Their errors are
 * measured relative to the size of the terms.
 */
const sumQuantities = new Set([
  "logAddExp value",
  "binaryCrossEntropy derivative",
  "softmax derivative",
  "logSoftmax derivative",
  "logSumExp value",
]);

const sizeOfTerms: Readonly<Record<string, (a: number, b: number) => number>> = {
  "logAddExp value": (a, b) => Math.abs(Math.max(a, b)) + Math.log1p(Math.exp(-Math.abs(a - b))),
  "binaryCrossEntropy derivative": (x, t) => (1 - t) / (1 + Math.exp(-x)) + t / (1 + Math.exp(x)),
};

// The functions below measure errors in exact integers, in units of 2⁻¹⁰⁷⁴. Every finite double is a whole number of
// these units.

const bits = new DataView(new ArrayBuffer(8));

function units(x: number): bigint {
  bits.setFloat64(0, Math.abs(x));
  const word = bits.getBigUint64(0);
  const exponent = word >> 52n;
  const fraction = word & (2n ** 52n - 1n);
  const size = exponent === 0n ? fraction : (fraction + 2n ** 52n) << (exponent - 1n);
  return x < 0 ? -size : size;
}

const absolute = (x: bigint): bigint => (x < 0n ? -x : x);

/** Returns the unit in the last place (ulp) of the largest number in `sizes`. */
function ulpOf(dtype: DType, ...sizes: bigint[]): bigint {
  const [digits, smallest] = dtype === "float64" ? [53, 0] : [24, 1074 - 149];
  const lengths = sizes.map((size) => absolute(size).toString(2).length - digits);
  return 1n << BigInt(Math.max(smallest, ...lengths));
}

/** A number as a double plus a remainder. The remainder is in thousandths of the double's last place. */
interface Reference {
  readonly double: number;
  readonly short: number;
}

const toReferences = (numbers: readonly number[]): Reference[] =>
  Array.from({ length: numbers.length / 2 }, (_, i) => ({ double: numbers[2 * i]!, short: numbers[2 * i + 1]! }));

const one = 1 << 20; // cotangents are multiples of 2⁻²⁰, so that products with them are exact

/**
 * Returns the difference between `got` and the exact result g · wanted, where g is the cotangent. The unit is the ulp
 * of the exact result, or the ulp of the largest term if terms cancel in the result.
 */
function ulpsOff(got: number, wanted: Reference, dtype: DType, g = one, terms = 0): number {
  if (!Number.isFinite(wanted.double)) return Object.is(got, wanted.double * Math.sign(g)) ? 0 : Infinity;
  const scale = 1000n * BigInt(one);
  const exact =
    BigInt(g) * (1000n * units(wanted.double) + BigInt(wanted.short) * ulpOf("float64", units(wanted.double)));
  if (!Number.isFinite(got)) {
    const isRight = got === (exact > 0n ? Infinity : -Infinity) && overflows(exact / scale, dtype);
    return isRight ? 0 : Infinity;
  }
  const place = ulpOf(dtype, exact / scale, units(terms * (Math.abs(g) / one)));
  return Number((absolute(units(got) * scale - exact) * 10_000n) / (place * scale)) / 10_000;
}

/** Returns whether a number with the magnitude `size` overflows to Infinity in `dtype`, or almost does. */
const overflows = (size: bigint, dtype: DType): boolean =>
  absolute(size) > (units(dtype === "float64" ? Number.MAX_VALUE : 2 ** 128) * 999_999_999n) / 1_000_000_000n;

/** Returns the numbers under each heading of goldens/mpmath.txt, line by line. */
export function goldens(): ReadonlyMap<string, readonly (readonly number[])[]> {
  const sections = new Map<string, number[][]>();
  let lines: number[][] = [];
  const text = readFileSync(new URL("goldens/mpmath.txt", import.meta.url), "utf8");
  for (const line of text.trim().split("\n")) {
    if (/^[a-z]/.test(line)) {
      lines = [];
      sections.set(line, lines);
    } else lines.push(line.split(" ").map(Number));
  }
  return sections;
}

/** Returns the worst error of the value and of each derivative, for all ops that have reference values. */
export function measure(): readonly Finding[] {
  const worst = new Map<string, Finding>();
  const note = (finding: Finding) => {
    const key = `${finding.op} ${finding.quantity} ${finding.dtype}`;
    if (!(finding.ulps <= (worst.get(key)?.ulps ?? -1))) worst.set(key, finding);
  };
  for (const [heading, lines] of goldens()) {
    const [kind, name, order] = heading.split(" ") as [string, string, string?];
    if (kind === "slices") measureFamily(lines, note);
    else for (const dtype of dtypes) measureElements(name, kind === "pair" ? 2 : 1, lines, dtype, note, order);
  }
  return [...worst.values()];
}

/** Returns the worst errors over all kernels that can run here. @public for tools/longrun/accuracy.mjs */
export function measureAll(): readonly Finding[] {
  const { choice, available } = kernels();
  const all = available.map((name) => {
    kernels(name);
    return measure();
  });
  kernels(choice);
  return all[0]!.map((finding, i) =>
    all.reduce((worst, each) => (each[i]!.ulps > worst.ulps ? each[i]! : worst), finding),
  );
}

type Note = (finding: Finding) => void;

/**
 * Measures an elementwise op. Each line of the reference file has the inputs, the value and the derivatives. Each
 * result is a double, followed by the remainder of the exact result.
 */
function measureElements(
  op: string,
  arity: number,
  lines: readonly (readonly number[])[],
  dtype: DType,
  note: Note,
  order?: string,
): void {
  const named = (exported as unknown as Record<string, Call>)[op]!;
  const call: Call = order === undefined ? named : (x) => named(Number(order), x);
  const options = ["mse", "binaryCrossEntropy", "huber"].includes(op) ? [{ reduction: "none" }] : [];
  const rows = lines.filter((row) => dtype === "float64" || row.slice(0, arity).every(isSingle));
  const inputs = Array.from({ length: arity }, (_, k) => tensor(columnOf(rows, k), { dtype }));
  const { value, pullback } = vjp((...xs: Tensor[]) => call(...xs, ...options), ...inputs);
  const compare = (quantity: Quantity, got: Tensor, which: number, gs?: readonly number[]) =>
    got.toNested<number[]>().forEach((y, i) => {
      const given = rows[i]!.slice(0, arity);
      const wanted = toReferences(rows[i]!.slice(arity))[which];
      if (wanted === undefined) return;
      const size = which < 2 ? sizeOfTerms[`${op} ${quantity}`]?.(given[0]!, given[1]!) : 0;
      note({
        op,
        quantity,
        dtype,
        ulps: ulpsOff(y, wanted, dtype, gs?.[i], size),
        at: given.map(numberText).join(", "),
      });
    });
  compare("value", value, 0);
  if (rows[0]!.length === arity + 2) return;
  for (const gs of [rows.map(() => one), rows.map((_, i) => irregular(i))]) {
    const u = gs.map((g) => g / one);
    const cotangents: readonly Tensor[] = pullback(tensor(u, { dtype }));
    for (const [k, x] of cotangents.entries()) compare("derivative", x, k + 1, gs);
  }
}

/**
 * Measures the softmax family. A test case has eight lines in goldens/mpmath.txt: (1) logits, (2) the cotangent g, (3)
 * the label and the indices of the reference entries, (4) softmax, (5) logSoftmax, (6, 7) the pullbacks of g for both,
 * and (8) log-sum-exp, cross-entropy and 1 minus the label's probability.
 */
function measureFamily(lines: readonly (readonly number[])[], note: Note): void {
  const { softmax, logSoftmax, logSumExp, crossEntropy } = exported;
  for (let i = 0; i < lines.length; i += 8) {
    const [logits, g, [label, ...entriesGiven]] = lines.slice(i, i + 3) as [number[], number[], [number, ...number[]]];
    const referencesAt = (line: number) => toReferences(lines[i + line]!);
    const [s, logS, pulledSoftmax, pulledLogSoftmax] = [
      referencesAt(3),
      referencesAt(4),
      referencesAt(5),
      referencesAt(6),
    ];
    const [norm, loss, complement] = referencesAt(7) as [Reference, Reference, Reference];
    const most = Math.max(...logits);
    const p = softmax(tensor(logits)).toNested<number[]>();
    const sumOver = (term: (k: number) => number) => logits.reduce((sum, _, k) => sum + term(k), 0);
    const sizes = {
      ofS: (j: number) => sumOver((k) => p[j]! * p[k]! * Math.abs(g[j]! - g[k]!)),
      ofLogS: (j: number) => sumOver((k) => (k === j ? 0 : p[k]! * Math.abs(g[j]!) + p[j]! * Math.abs(g[k]!))),
      ofNorm: () => Math.abs(most) + (norm.double - most),
    };
    const slopes = s.map((q, k) =>
      entriesGiven[k] === label ? { double: -complement.double, short: -complement.short } : q,
    );
    for (const dtype of dtypes) {
      if (dtype === "float32" && ![...logits, ...g].every(isSingle)) continue;
      const [x, u, target] = [tensor(logits, { dtype }), tensor(g, { dtype }), tensor(label, { dtype: "int32" })];
      const pull = (f: (a: Tensor) => Tensor, cotangent: Tensor | number) => vjp(f, x).pullback(cotangent)[0];
      const all: readonly Comparison[] = [
        ["softmax", "value", softmax(x), s],
        ["softmax", "derivative", pull((a) => softmax(a), u), pulledSoftmax, sizes.ofS],
        ["logSoftmax", "value", logSoftmax(x), logS],
        ["logSoftmax", "derivative", pull((a) => logSoftmax(a), u), pulledLogSoftmax, sizes.ofLogS],
        ["logSumExp", "value", logSumExp(x), norm, sizes.ofNorm],
        ["logSumExp", "derivative", pull((a) => logSumExp(a), 1), s],
        ["crossEntropy", "value", crossEntropy(x, target), loss],
        ["crossEntropy", "derivative", pull((a) => crossEntropy(a, target), 1), slopes],
      ];
      for (const [op, quantity, got, exact, size] of all) {
        const compare = (y: number, wanted: Reference, j: number, at: string) => {
          const ulps = ulpsOff(y, wanted, dtype, one, size?.(j));
          note({ op, quantity, dtype, ulps, at: `${at}, K = ${logits.length}` });
        };
        if (!Array.isArray(exact)) compare(got.item(), exact, 0, `max x = ${numberText(most)}`);
        else
          for (const [k, j] of entriesGiven.entries())
            compare(got.toNested<number[]>()[j]!, exact[k]!, j, `x − max x = ${numberText(logits[j]! - most)}`);
      }
    }
  }
}

type Comparison = readonly [
  op: string,
  quantity: Quantity,
  got: Tensor,
  exact: Reference | Reference[],
  sizeOfTerms?: (j: number) => number,
];

const isSingle = (x: number): boolean => Object.is(Math.fround(x), x);
const columnOf = (rows: readonly (readonly number[])[], k: number): number[] => rows.map((row) => row[k]!);
const numberText = (x: number): string => {
  const rounded = Number(x.toPrecision(6));
  return String(Number.isInteger(rounded) ? x : rounded).replaceAll("-", "−");
};

/** Returns irregular numbers of both signs with absolute values from ½ to 2, in multiples of 2⁻²⁰. */
const irregular = (i: number): number =>
  (one / 2 + ((Math.imul(i + 1, 0x9e3779b1) >>> 0) % (1.5 * one))) * (i % 2 ? -1 : 1);

/** Returns the worst errors as a Markdown table. */
export function table(findings: readonly Finding[]): string {
  const cell = (op: string, quantity: Quantity, dtype: DType, withPlace: boolean) => {
    const found = findings.find((f) => f.op === op && f.quantity === quantity && f.dtype === dtype);
    if (!found) return withPlace ? ["", ""] : [""];
    const star = sumQuantities.has(`${op} ${quantity}`) && dtype === "float64" ? " *" : "";
    const ulps = `${(Math.ceil(found.ulps * 100) / 100).toFixed(2)}${star}`;
    return withPlace ? [ulps, found.ulps > 0 ? found.at : ""] : [ulps];
  };
  const rows = [...new Set(findings.map(({ op }) => op))].map((op) => [
    `\`${op}\``,
    ...cell(op, "value", "float64", true),
    ...cell(op, "derivative", "float64", true),
    ...cell(op, "value", "float32", false),
    ...cell(op, "derivative", "float32", false),
  ]);
  const head = ["op", "value", "at", "derivative", "at", "float32: value", "derivative"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
