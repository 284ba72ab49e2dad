import { ArgumentError, OutOfRangeError, ShapeError } from "@wengert/core";
import { describe, type Operand } from "@wengert/core/extend";
import { type Contraction, subscriptsOf } from "./contraction.ts";

/**
 * Resolves einsum subscripts such as "ij,jk" or "...ij,...jk->...ik" for `tensors`: the result has a letter for every
 * axis. "..." means the axes without letters, counted from the last axis. Without "->", the output has the axes of
 * "...", then the letters that occur once, sorted.
 * @throws ArgumentError if the subscripts are invalid, ShapeError if they do not match the shapes of the tensors
 */
export function readSubscripts(subscripts: string, tensors: readonly Operand[]): Contraction {
  const { terms, output } = termsOf(subscripts);
  if (terms.length !== tensors.length) {
    const labelsText = `${JSON.stringify(subscripts)} has labels for ${countText(terms.length, "tensor")}`;
    const hint = tensors.length > terms.length ? "; separate the labels of two tensors by a comma" : "";
    throw new ArgumentError(`${labelsText}, got ${tensors.length}${hint}`);
  }
  const ranks = tensors.map((x, k) => ellipsisRank(terms[k]!, x, k));
  const ellipsisLabels = unusedLetters(subscripts, Math.max(0, ...ranks));
  const contraction = {
    operands: terms.map((term, k) => term.replace("...", ellipsisLabels.slice(ellipsisLabels.length - ranks[k]!))),
    output: output === undefined ? ellipsisLabels + lettersUsedOnce(terms) : output.replace("...", ellipsisLabels),
  };
  checkOutput(subscripts, contraction, ellipsisLabels);
  checkSizes(contraction, tensors, ellipsisLabels);
  return contraction;
}

const malformed = (subscripts: string, what: string) => new ArgumentError(`${JSON.stringify(subscripts)}: ${what}`);

const countText = (n: number, singular: string, plural = `${singular}s`) => `${n} ${n === 1 ? singular : plural}`;

function termsOf(subscripts: string): { terms: readonly string[]; output: string | undefined } {
  const [operandText, output, ...extra] = subscripts.replaceAll(" ", "").split("->") as [string, string?];
  if (extra.length > 0) throw malformed(subscripts, '"->" may occur only once, before the output');
  const terms = operandText.split(",");
  for (const term of output === undefined ? terms : [...terms, output]) {
    const match = /[^a-zA-Z.]/.exec(term);
    if (match) throw malformed(subscripts, `labels are letters, got ${JSON.stringify(match[0])}`);
    if (term.replace("...", "").includes("."))
      throw malformed(subscripts, `"..." is three dots and may occur only once per tensor, got "${term}"`);
  }
  return { terms, output };
}

/** Returns the letters that occur once in einsum subscripts, sorted as in NumPy: capitals first. */
function lettersUsedOnce(terms: readonly string[]): string {
  const letters = terms.join("").replaceAll(".", "");
  return [...letters]
    .filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
    .sort()
    .join("");
}

/** Returns the number of axes of `x` that "..." covers in the subscripts of `x`. */
function ellipsisRank(term: string, x: Operand, place: number): number {
  const letters = term.replace("...", "");
  const missing = x.shape.length - letters.length;
  if (missing === 0 || (missing > 0 && term.includes("..."))) return missing;
  const hint = missing > 0 ? `; write "...${letters}" for any number of leading axes` : "";
  const got = `${describe(x, `tensor ${place}`)} has ${x.shape.length}`;
  throw new ShapeError(`"${term}" names ${countText(letters.length, "axis", "axes")}, and ${got}${hint}`);
}

function unusedLetters(subscripts: string, count: number): string {
  if (count === 0) return "";
  const free = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"].filter(
    (letter) => !subscripts.includes(letter),
  );
  if (count <= free.length) return free.slice(0, count).join("");
  throw new OutOfRangeError(
    `"..." covers ${count} axes, but only ${free.length} letters are unused; use fewer letters or axes`,
  );
}

function checkOutput(subscripts: string, { operands, output }: Contraction, ellipsisLabels: string): void {
  for (const [i, label] of [...output].entries()) {
    if (!operands.some((labels) => labels.includes(label)))
      throw malformed(subscripts, `the output has label ${label}, but no tensor has it`);
    if (output.indexOf(label) < i) throw malformed(subscripts, `the output has label ${label} twice; write it once`);
  }
  if (!output.includes(ellipsisLabels))
    throw malformed(subscripts, `the output lacks "..." for the axes without a letter; write "...${output}"`);
}

type Place = readonly [tensor: number, size: number];

/**
 * Checks that axes with the same einsum label have the same size. Axes of size 1 broadcast across tensors, but not on a
 * diagonal.
 * @throws ShapeError otherwise.
 */
function checkSizes(contraction: Contraction, tensors: readonly Operand[], ellipsisLabels: string): void {
  const conflict = findSizeConflict(contraction, tensors);
  if (conflict === undefined) return;
  const [label, [k, n], [l, m]] = conflict;
  const what = ellipsisLabels.includes(label)
    ? `axis ${ellipsisLabels.indexOf(label) - ellipsisLabels.length} of "..."`
    : `label ${label}`;
  const nameOf = (place: number) => describe(tensors[place]!, `tensor ${place}`);
  if (k === l)
    throw new ShapeError(`${what} names axes of ${n} and ${m} in ${nameOf(k)}; a diagonal needs equal sizes`);
  const suggestion = ellipsisLabels === "" ? withLabelsSwapped(contraction, tensors) : undefined;
  const hint = suggestion === undefined ? "sizes must be equal, or 1" : `did you mean "${suggestion}"?`;
  throw new ShapeError(`${what} is ${n} in ${nameOf(k)} and ${m} in ${nameOf(l)}; ${hint}`);
}

/** Returns the first einsum label whose axes have different sizes, and two axes with different sizes. */
function findSizeConflict({ operands }: Contraction, tensors: readonly Operand[]): [string, Place, Place] | undefined {
  const known = new Map<string, Place>();
  for (const [k, labels] of operands.entries()) {
    const sizeAt = (axis: number) => tensors[k]!.shape[axis]!;
    for (const [axis, label] of [...labels].entries()) {
      const [n, first, elsewhere] = [sizeAt(axis), sizeAt(labels.indexOf(label)), known.get(label)];
      if (n !== first) return [label, [k, first], [k, n]];
      if (elsewhere === undefined || elsewhere[1] === 1) known.set(label, [k, n]);
      else if (n !== 1 && n !== elsewhere[1]) return [label, elsewhere, [k, n]];
    }
  }
  return undefined;
}

/**
 * Returns einsum subscripts that match the shapes, made by reversing the two labels of one operand, such as "ji" for
 * "ij". Returns undefined if no such change helps.
 */
function withLabelsSwapped({ operands, output }: Contraction, tensors: readonly Operand[]): string | undefined {
  const others = operands.map((labels, k) => ({ operands: operands.with(k, [...labels].reverse().join("")), output }));
  const fits = (_: Contraction, k: number) =>
    operands[k]!.length === 2 && findSizeConflict(others[k]!, tensors) === undefined;
  const suggestion = others.find(fits);
  return suggestion && subscriptsOf(suggestion);
}
