import { readFileSync } from "node:fs";
import { type Tensor, tensor } from "@wengert/core";
import { expect, test } from "vitest";
import { allExports, expectNear, numbers, tensorsIn } from "./support.ts";

// Compares ops with stored results of NumPy and SciPy.

type Plain = number | string | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };
interface StoredTensor {
  readonly tensor: Plain;
  readonly shape: readonly number[];
  readonly dtype: Tensor["dtype"];
}

interface Golden {
  readonly cases: readonly { readonly op: string; readonly args: readonly Plain[]; readonly value: Plain }[];
}
const golden = JSON.parse(readFileSync(new URL("goldens/numpy.json", import.meta.url), "utf8")) as Golden;

const nonFinite: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/** Converts the strings "NaN", "Infinity" and "-Infinity" to numbers. Returns other values unchanged. */
const revive = (x: Plain): unknown => (typeof x === "string" ? (nonFinite[x] ?? x) : x);
const flatNumbers = (x: Plain): number[] => (Array.isArray(x) ? x.flatMap(flatNumbers) : [Number(revive(x))]);

/** Converts an argument from the JSON file of goldens: a stored tensor becomes a `Tensor`. */
function parse(x: Plain): unknown {
  if (typeof x !== "object" || x === null) return revive(x);
  if (Array.isArray(x)) return x.map(parse);
  if (!("tensor" in x)) return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, parse(value)]));
  const { tensor: values, shape, dtype } = x as unknown as StoredTensor;
  return tensor(flatNumbers(values), { shape, dtype });
}

const calls = new Map(allExports.map(({ name, call }) => [name, call]));

/** Returns the options of a call as one line of text, for the title of a test. */
const textOf = (args: readonly Plain[]): string =>
  JSON.stringify(args.map((arg) => (typeof arg === "object" && arg !== null && "tensor" in arg ? arg.shape : arg)));

for (const [i, { op, args, value }] of golden.cases.entries())
  test(`${op}(${textOf(args).slice(1, -1)}) gives the result of NumPy (case ${i})`, () => {
    const got = tensorsIn(calls.get(op)!(...args.map(parse)));
    const wanted = tensorsIn(parse(value));
    expect(got.map(({ shape, dtype }) => [shape, dtype])).toEqual(wanted.map(({ shape, dtype }) => [shape, dtype]));
    for (const [k, y] of got.entries()) expectNear(y, numbers(wanted[k]!), 1e-15);
  });
