import type { Program, Tensor } from "@wengert/core";
import { alias, isList } from "@wengert/core/extend";
import { type ProgramStep, rewrite } from "./rewrite.ts";
import { uniformValue } from "./uniform.ts";

/**
 * Merges steps that have the same op, params and inputs into one step. Never merges aliases: `checkpoint` runs a
 * function a second time on aliases of its inputs, so the second run is kept, and the memory of the first run can be
 * freed.
 */
export function mergeDuplicates(program: Program): Program {
  const keys = keysOf(program);
  const known = new Map<string, Tensor>();
  return rewrite(program, (step) => {
    if (step.op === alias.spec) return step;
    const key = keys(step);
    const same = key === undefined ? undefined : known.get(key);
    if (same !== undefined) return same;
    if (key !== undefined) known.set(key, step.output);
    return step;
  });
}

/**
 * Returns a function that maps steps with the same op, params and inputs to the same string. The function returns
 * `undefined` if the params cannot be written as text.
 */
function keysOf(program: Program): (step: ProgramStep) => string | undefined {
  const numbers = new Map<object, number>();
  const numberOf = (x: object): number => {
    const known = numbers.get(x);
    if (known !== undefined) return known;
    numbers.set(x, numbers.size);
    return numbers.size - 1;
  };
  const constants = new Set<Tensor>(program.constants);
  const tensorKey = (x: Tensor): string => {
    const uniform = constants.has(x) ? uniformValue(x) : undefined;
    return uniform === undefined
      ? `#${numberOf(x)}`
      : `${Object.is(uniform, -0) ? "-0" : uniform} ${x.dtype} ${x.shape}`;
  };
  return ({ op, params, inputs }) => {
    const text = paramsText(params);
    if (text === undefined) return undefined;
    let key = `${numberOf(op)}|${text}`;
    for (const x of inputs) key += `|${tensorKey(x)}`;
    return key;
  };
}

/** Returns the params as text, or `undefined` if they hold more than numbers, text, lists and plain objects. */
function paramsText(params: unknown): string | undefined {
  if (typeof params === "string") return JSON.stringify(params);
  if (typeof params === "number") return Object.is(params, -0) ? "-0" : `${params}`;
  if (params === undefined || params === null || typeof params === "boolean") return `${params}`;
  if (typeof params !== "object") return undefined;
  const isPlain = isList(params) || Object.getPrototypeOf(params) === Object.prototype;
  if (!isPlain) return undefined;
  const entries = Object.entries(params).map(([key, value]) => [key, paramsText(value)] as const);
  if (entries.some(([, text]) => text === undefined)) return undefined;
  return `{${entries.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join()}}`;
}
