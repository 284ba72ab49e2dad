import { ArgumentError, DTypeError, describe, show, Tensor } from "@wengert/core";

/** A whole number of at least `least` among the options of a call. @throws ArgumentError */
export function wholeNumber(who: string, name: string, value: unknown, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  const cure = value === undefined ? `; write { ${name}: ... }` : "";
  throw new ArgumentError(`${who}: ${name} must be a whole number of at least ${least}, got ${show(value)}${cure}`);
}

/** A key among the options of a call, if there is one. @throws DTypeError */
export function keyIn(who: string, name: string, key: unknown): Tensor | undefined {
  if (key === undefined) return undefined;
  if (key instanceof Tensor && key.dtype === "int32" && String(key.shape) === "2") return key;
  const came = key instanceof Tensor ? `${describe(key)}, ${key.dtype}` : show(key);
  throw new DTypeError(`${who}: ${name} must be a key, int32 [2], got ${came}; write { ${name}: randomKey(1) }`);
}
