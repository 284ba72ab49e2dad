import { ArgumentError, describe, type Operand, OutOfRangeError, ShapeError } from "@wengert/core";
import { type Contraction, subscriptsOf } from "./contraction.ts";

/**
 * What subscripts such as "ij,jk" or "...ij,...jk->...ik" say of `tensors`, with a letter for each axis. "..." stands for
 * the axes without one, counted from the last; without "->" the output has these, then the letters that occur once, sorted.
 * @throws ArgumentError for what cannot be read, ShapeError for tensors that do not fit.
 */
export function readSubscripts(subscripts: string, tensors: readonly Operand[]): Contraction {
  const { terms, output } = termsOf(subscripts);
  if (terms.length !== tensors.length) {
    const has = `${JSON.stringify(subscripts)} has the labels of ${counted(terms.length, "tensor")}`;
    const cure = tensors.length > terms.length ? "; write a comma between those of two" : "";
    throw new ArgumentError(`einsum: ${has}, got ${tensors.length}${cure}`);
  }
  const ranks = tensors.map((x, k) => unnamedAxes(terms[k]!, x, k));
  const unnamed = lettersBeside(subscripts, Math.max(0, ...ranks));
  const contraction = {
    operands: terms.map((term, k) => term.replace("...", unnamed.slice(unnamed.length - ranks[k]!))),
    output: output === undefined ? unnamed + onceIn(terms) : output.replace("...", unnamed),
  };
  checkOutput(subscripts, contraction, unnamed);
  checkSizes(contraction, tensors, unnamed);
  return contraction;
}

const malformed = (subscripts: string, what: string) =>
  new ArgumentError(`einsum: ${JSON.stringify(subscripts)}: ${what}`);

const counted = (n: number, one: string, more = `${one}s`) => `${n} ${n === 1 ? one : more}`;

function termsOf(subscripts: string): { terms: readonly string[]; output: string | undefined } {
  const [left, output, ...more] = subscripts.replaceAll(" ", "").split("->") as [string, string?];
  if (more.length > 0) throw malformed(subscripts, '"->" stands once, before the output');
  const terms = left.split(",");
  for (const term of output === undefined ? terms : [...terms, output]) {
    const odd = /[^a-zA-Z.]/.exec(term);
    if (odd) throw malformed(subscripts, `labels are letters, got ${JSON.stringify(odd[0])}`);
    if (term.replace("...", "").includes("."))
      throw malformed(subscripts, `"..." is three dots, and stands once for a tensor; got "${term}"`);
  }
  return { terms, output };
}

/** The letters that occur once, sorted as NumPy does: capitals first. */
function onceIn(terms: readonly string[]): string {
  const letters = terms.join("").replaceAll(".", "");
  return [...letters]
    .filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
    .sort()
    .join("");
}

/** How many axes of `x` the "..." of its term stands for. */
function unnamedAxes(term: string, x: Operand, place: number): number {
  const letters = term.replace("...", "");
  const missing = x.shape.length - letters.length;
  if (missing === 0 || (missing > 0 && term.includes("..."))) return missing;
  const cure = missing > 0 ? `; write "...${letters}" for any axes before these` : "";
  const came = `${describe(x, `tensor ${place}`)} has ${x.shape.length}`;
  throw new ShapeError(`einsum: "${term}" names ${counted(letters.length, "axis", "axes")}, and ${came}${cure}`);
}

function lettersBeside(subscripts: string, count: number): string {
  if (count === 0) return "";
  const free = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"].filter(
    (letter) => !subscripts.includes(letter),
  );
  if (count <= free.length) return free.slice(0, count).join("");
  throw new OutOfRangeError(
    `einsum: "..." stands for ${count} axes, and only ${free.length} letters are left for them`,
  );
}

function checkOutput(subscripts: string, { operands, output }: Contraction, unnamed: string): void {
  for (const [i, label] of [...output].entries()) {
    if (!operands.some((labels) => labels.includes(label)))
      throw malformed(subscripts, `${label} stands in the output, and no tensor has it`);
    if (output.indexOf(label) < i) throw malformed(subscripts, `${label} stands twice in the output; name it once`);
  }
  if (!output.includes(unnamed))
    throw malformed(subscripts, `the output has no "...", where the axes without a letter go; write "...${output}"`);
}

type Place = readonly [tensor: number, size: number];

/** Each label has one size. Axes of size 1 are repeated where tensors meet, but not on a diagonal. @throws ShapeError. */
function checkSizes(contraction: Contraction, tensors: readonly Operand[], unnamed: string): void {
  const clash = clashIn(contraction, tensors);
  if (clash === undefined) return;
  const [label, [k, n], [l, m]] = clash;
  const what = unnamed.includes(label) ? `axis ${unnamed.indexOf(label) - unnamed.length} of "..."` : `label ${label}`;
  const nameOf = (place: number) => describe(tensors[place]!, `tensor ${place}`);
  if (k === l)
    throw new ShapeError(`einsum: ${what} names axes of ${n} and ${m} in ${nameOf(k)}; a diagonal needs equal sizes`);
  const meant = unnamed === "" ? exchanged(contraction, tensors) : undefined;
  const cure = meant === undefined ? "sizes must be equal, or 1" : `did you mean "${meant}"?`;
  throw new ShapeError(`einsum: ${what} is ${n} in ${nameOf(k)} and ${m} in ${nameOf(l)}; ${cure}`);
}

/** The first label with two sizes, and where they are. */
function clashIn({ operands }: Contraction, tensors: readonly Operand[]): [string, Place, Place] | undefined {
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

/** The subscripts with the two labels of one operand exchanged, if they fit then. */
function exchanged({ operands, output }: Contraction, tensors: readonly Operand[]): string | undefined {
  const others = operands.map((labels, k) => ({ operands: operands.with(k, [...labels].reverse().join("")), output }));
  const fits = (_: Contraction, k: number) => operands[k]!.length === 2 && clashIn(others[k]!, tensors) === undefined;
  const meant = others.find(fits);
  return meant && subscriptsOf(meant);
}
