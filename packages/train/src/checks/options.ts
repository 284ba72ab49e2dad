import { ArgumentError, DTypeError, Tensor } from "@wengert/core";
import { describe, show } from "@wengert/core/extend";

/** A whole number of at least `minimum` among the options of a call. @throws ArgumentError */
export function wholeNumber(caller: string, name: string, value: unknown, minimum: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= minimum) return value as number;
  const hint = value === undefined ? `; write { ${name}: ... }` : "";
  throw new ArgumentError(
    `${caller}: ${name} must be a whole number of at least ${minimum}, got ${show(value)}${hint}`,
  );
}

/** A key among the options of a call, if there is one. @throws DTypeError */
export function keyOption(caller: string, name: string, key: unknown): Tensor | undefined {
  if (key === undefined) return undefined;
  if (key instanceof Tensor && key.dtype === "int32" && String(key.shape) === "2") return key;
  const got = key instanceof Tensor ? `${describe(key)}, ${key.dtype}` : show(key);
  throw new DTypeError(`${caller}: ${name} must be a key, int32 [2], got ${got}; write { ${name}: randomKey(1) }`);
}
