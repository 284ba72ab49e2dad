import { record, type Tensor, tensor } from "@wengert/core";
import { nearest } from "../shared/fixed.ts";
import { index, short, size, table } from "../shared/table.ts";
import { type Comparison, softmaxInSteps, wayNames } from "./ways.ts";

/** Returns a text that derives ∂Sᵢ/∂xⱼ of S = softmax(x) by the quotient rule, with the numbers of x inserted. */
export function quotientRule(x: readonly number[], i: number, j: number): string {
  const N = x.map(Math.exp);
  const D = N.reduce((sum, n) => sum + n, 0);
  const [Ni, Nj, ni, nj] = [N[i]!, N[j]!, index(i), index(j)];
  const fromN = i === j ? Ni : 0;
  const outcome = i === j ? `S${ni}(1 - S${ni})` : `-S${ni} S${nj}`;
  const factors = i === j ? [Ni / D, 1 - Ni / D] : [-Ni / D, Nj / D];
  const why = i === j ? `e^x${ni} is its own derivative` : `e^x${ni} does not contain x${nj}`;
  const rule = `(N${ni}′ D - N${ni} D′) / D²`;
  return `i = ${i}, j = ${j}:  N${ni}′ = ${short(fromN)}, because ${why};  D′ = e^x${nj} = ${short(Nj)}, one term of the sum
  ${rule}  =  (${short(fromN)} · ${short(D)} - ${short(Ni)} · ${short(Nj)}) / ${short(D)}²  \
=  ${short((fromN * D - Ni * Nj) / D ** 2)}
  ${" ".repeat(rule.length)}  =  ${outcome}  =  ${factors.map(short).join(" · ")}`;
}

/**
 * Formats the backward pass through the three steps of softmax (exp, sum and div), for a cotangent that is 1 at Sᵢ and
 * 0 elsewhere.
 */
export function sweepOfRow(x: Tensor, i: number): string {
  const seed = tensor(Array.from({ length: x.size }, (_, k) => (k === i ? 1 : 0)));
  const formulas: Readonly<Record<string, readonly string[]>> = {
    div: ["N̄ = g / D", "D̄ = -Σ g N / D²"],
    sum: ["N̄ᵢ += D̄ for all i"],
    exp: ["x̄ = N̄ N"],
  };
  const lines = [...record(softmaxInSteps, x).pulls(seed)].flatMap(({ step, cotangent, contributions }) =>
    contributions.map((contribution, k) => [
      ...(k === 0 ? [step.op.name, numbers(cotangent)] : ["", ""]),
      formulas[step.op.name]?.[k] ?? "",
      contribution === null ? "" : numbers(contribution),
    ]),
  );
  return table([["step", "cotangent", "rule", "contribution"], ...lines], { left: 4 });
}

/** Formats matrices of equal size side by side, with their names above. */
export function besideEachOther(matrices: Readonly<Record<string, Tensor>>): string {
  const all = Object.values(matrices).map((matrix) => (matrix.toNested() as number[][]).map((row) => row.map(short)));
  const names = Object.keys(matrices).flatMap((name) => [name, ...all[0]!.slice(1).map(() => "")]);
  return table([["", ...names], ...all[0]!.map((_, i) => [`S${index(i)}`, ...all.flatMap((rows) => rows[i]!)])]);
}

/** Formats the VJP x̄ of softmax as a table: each component, computed by three methods, with its relative error. */
export function components({ exact, found, errors }: Comparison): string {
  const rows = exact.flatMap((value, j) => [
    [`x̄${index(j)}`, nearest(value).toExponential(12), ...wayNames.map((way) => found[way][j]!.toExponential(12))],
    ["", "", ...wayNames.map((way) => size(errors[way][j]!))],
  ]);
  return table([["", "exact", ...wayNames], ...rows]);
}

const numbers = (t: Tensor): string => [t.toNested()].flat().map(Number).map(short).join(" ");
