import { ArgumentError, DTypeError, Tensor } from "@wengert/core";
import { describe, type OtherNames, show } from "@wengert/core/extend";

/** Checks that an option is a whole number of at least `minimum`. @throws ArgumentError */
export function wholeNumber(caller: string, name: string, value: unknown, minimum: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= minimum) return value as number;
  const hint = value === undefined ? `; write { ${name}: ... }` : "";
  throw new ArgumentError(
    `${caller}: ${name} must be a whole number of at least ${minimum}, got ${show(value)}${hint}`,
  );
}

const keyHint = "write { key: randomKey(1) }";
export const keyNames: OtherNames = { seed: keyHint, randomstate: keyHint };
/**
 * Hints for options of other libraries, such as `shuffle`. These hints are for functions that shuffle only with a key.
 */
export const shuffleNames: OtherNames = {
  ...keyNames,
  shuffle: "a key shuffles the rows; write { key: randomKey(1) }",
};

/** Checks an optional random key. @throws DTypeError unless the key is an int32 [2] tensor or undefined */
export function keyOption(caller: string, name: string, key: unknown): Tensor | undefined {
  if (key === undefined) return undefined;
  if (key instanceof Tensor && key.dtype === "int32" && String(key.shape) === "2") return key;
  const got = key instanceof Tensor ? `${describe(key)}, ${key.dtype}` : show(key);
  throw new DTypeError(`${caller}: ${name} must be a key, int32 [2], got ${got}; write { ${name}: randomKey(1) }`);
}

/** Checks that an option is a boolean. @throws ArgumentError */
export function booleanOption(caller: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${caller}: ${name} must be true or false, got ${show(value)}`);
}
