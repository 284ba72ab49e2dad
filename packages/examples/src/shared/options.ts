import { parseArgs } from "node:util";

/** An error that the user can fix. A command prints only the message of such an error. */
export class InputError extends Error {
  override name = "InputError";
}

/** An option of a command: its default, its help text, and a parser. */
export interface Option<Value> {
  readonly placeholder: string;
  readonly fallback: Value;
  readonly help: string;
  /** The text that the help shows as the default of an option whose `fallback` is undefined. */
  readonly otherwise?: string;
  /**
   * Parses the text of an option's value. Returns the value, or a description of valid values for the error message: "a
   * whole number of at least 1".
   */
  readonly read: (text: string) => { value: Value } | { wanted: string };
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

export type Values<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

/** An option whose value is a whole number of at least `min`, and at most `max` if given. */
export function count(
  fallback: number,
  help: string,
  { min = 1, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): Option<number> {
  const wanted =
    max < Number.MAX_SAFE_INTEGER ? `a whole number from ${min} to ${max}` : `a whole number of at least ${min}`;
  const read: Option<number>["read"] = (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= min && value <= max ? { value } : { wanted };
  };
  return { placeholder: "N", fallback, help, read };
}

/** An option whose value is a finite number above zero. */
export function positive(fallback: number, help: string): Option<number> {
  return number((value) => value > 0 && Number.isFinite(value), "a number above 0", { fallback, help });
}

/** An option whose value is a number from `min` to `max`. */
export function between(min: number, max: number, fallback: number, help: string): Option<number> {
  return number((value) => value >= min && value <= max, `a number from ${min} to ${max}`, { fallback, help });
}

function number(
  fits: (value: number) => boolean,
  wanted: string,
  { fallback, help }: { fallback: number; help: string },
): Option<number> {
  const read: Option<number>["read"] = (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    return fits(value) ? { value } : { wanted };
  };
  return { placeholder: "X", fallback, help, read };
}

/** An option whose value is one of `words`. The first word is the default. */
export function choice<const Word extends string>(words: readonly [Word, ...Word[]], help: string): Option<Word> {
  const read: Option<Word>["read"] = (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { wanted: words.join(" or ") } : { value };
  };
  return { placeholder: words.join("|"), fallback: words[0], help, read };
}

/**
 * An option whose value is a path. An empty path causes an error, because it usually comes from an unset shell
 * variable.
 */
export function path(fallback: string, help: string): Option<string> {
  return {
    placeholder: "PATH",
    fallback,
    help,
    read: (text) => (text === "" ? { wanted: "a path" } : { value: text }),
  };
}

/**
 * An option whose value is any text. An empty text causes an error, because it usually comes from an unset shell
 * variable.
 */
export function words(fallback: string, help: string): Option<string> {
  return {
    placeholder: "TEXT",
    fallback,
    help,
    read: (text) => (text === "" ? { wanted: "a text" } : { value: text }),
  };
}

/** A boolean option, which takes no value. */
export function flag(help: string): Option<boolean> {
  return { placeholder: "", fallback: false, help, read: () => ({ wanted: "given without a value" }) };
}

/**
 * Makes an option optional: its value is `undefined` if the user omits the option. Use this for a default that depends
 * on other options. The help text shows `otherwise` as the default.
 */
export function optional<Value>(option: Option<Value>, otherwise: string): Option<Value | undefined> {
  return { ...option, fallback: undefined, otherwise };
}

const isFlag = ({ placeholder }: Option<unknown>): boolean => placeholder === "";

/** Parses arguments. Missing options get their default. @throws InputError for an unknown option or an invalid value */
export function parseOptions<Table extends OptionTable>(table: Table, args: readonly string[]): Values<Table> {
  const names = Object.keys(table);
  const typeOf = (option: Option<unknown>) => ({ type: isFlag(option) ? ("boolean" as const) : ("string" as const) });
  const config = Object.fromEntries(Object.entries(table).map(([name, option]) => [name, typeOf(option)]));
  // With `strict: true`, parseArgs would throw Node's error messages, which do not say how to fix a mistake.
  const { values, tokens } = parseArgs({ args: [...args], options: config, strict: false, tokens: true });
  refuseSwallowed(table, values);

  for (const token of tokens) {
    if (token.kind === "positional") {
      throw new InputError(
        `"${token.value}" is not an option; write options by name after \`--\`, for example: -- --seed 2.`,
      );
    }
    if (token.kind !== "option") continue;
    if (!names.includes(token.name)) {
      const known = names.map((name) => `--${name}`).join(", ");
      throw new InputError(`unknown option ${token.rawName}; the options are ${known} and --help.`);
    }
    if (token.value === undefined && isFlag(table[token.name]!)) continue;
    const outcome = token.value === undefined ? undefined : table[token.name]?.read(token.value);
    if (outcome === undefined) throw new InputError(`--${token.name} needs a value: --${token.name} VALUE.`);
    if ("wanted" in outcome) {
      throw new InputError(`--${token.name} must be ${outcome.wanted}, not "${token.value}".`);
    }
  }
  const read = (name: string, { fallback, read }: Option<unknown>) => {
    if (values[name] === true) return true;
    const outcome = typeof values[name] === "string" ? read(values[name]) : { value: fallback };
    return "value" in outcome ? outcome.value : fallback;
  };
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, read(name, option)])) as Values<Table>;
}

/** Returns the help text, which lists each option and its default on a line. */
export function describeOptions(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, option]) => [
    `--${name} ${option.placeholder}`.trim(),
    isFlag(option) ? option.help : `${option.help} (default ${option.otherwise ?? option.fallback})`,
  ]);
  rows.push(["--help", "shows this help"]);
  const width = Math.max(...rows.map(([left = ""]) => left.length));
  return rows.map(([left = "", right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}

/** Formats the options that differ from their defaults as command-line arguments. */
export function spelled<Table extends OptionTable>(table: Table, values: Partial<Values<Table>>): string {
  return Object.entries(table)
    .filter(([name, { fallback }]) => values[name] !== undefined && values[name] !== fallback)
    .map(([name, option]) => (isFlag(option) ? `--${name}` : `--${name} ${quoted(`${values[name]}`)}`))
    .join(" ");
}

/** Quotes a word for a shell, if necessary. */
const quoted = (word: string): string => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/**
 * Throws an error if the user forgot `--` before the options. `npm start --seed=2` does not pass the option to the
 * command, but only sets the environment variable `npm_config_seed`.
 */
function refuseSwallowed(table: OptionTable, values: Readonly<Record<string, unknown>>): void {
  for (const [name, option] of Object.entries(table)) {
    const kept = process.env[`npm_config_${name}`];
    if (kept === undefined || values[name] !== undefined) continue;
    throw new InputError(
      `npm consumed --${name}; put \`--\` before the options: -- --${isFlag(option) ? name : `${name} ${kept}`}`,
    );
  }
}
