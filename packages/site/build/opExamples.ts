import { format } from "node:util";
import type { Tensor } from "@wengert/core";
import type { Export } from "../../../tools/docs/model.mjs";
import type { Wengert } from "./wengert.ts";

// Generates an example program for each op from the op's sample arguments. Runs the program, and adds the printed
// output as comments.

type Args = readonly unknown[];
/** An op, or a function composed of ops. */
export type OpFunction = ((...args: Args) => unknown) & {
  readonly spec?: { readonly samples: () => readonly Args[]; readonly options?: object };
  readonly samples?: () => readonly Args[];
};

const maxElements = 24;

/** Handwritten example programs of functions whose sample arguments cannot be printed as code, such as functions. */
const written: Readonly<Record<string, string>> = {
  expr: `import { tensor } from "@wengert/core";
import { expr } from "@wengert/ops";

const x = tensor([1, 2, 3]);
console.log(expr\`2 * \${x} ** 2 + 1\`);
`,
};

export const samplesOf = (op: OpFunction): readonly Args[] => op.samples?.() ?? op.spec?.samples() ?? [];

/** Returns an example program for an op, with the output in its comments. */
export function exampleOf(declaration: Export, module: string, by: readonly string[], wengert: Wengert): string {
  const program = written[declaration.name] ?? programOf(declaration, module, by, wengert);
  return withOutput(program, wengert);
}

function programOf({ name, inputs }: Export, module: string, by: readonly string[], { core, ops }: Wengert): string {
  const op = ops[name as keyof typeof ops] as unknown as OpFunction;
  const samples = samplesOf(op);
  const isSmall = (args: Args) => tensorsIn(args, core.Tensor).reduce((total, x) => total + x.size, 0) <= maxElements;
  const sample = samples.find(isSmall) ?? samples[0];
  if (sample === undefined) throw new Error(`site: the op ${name} has no samples; add one to its declaration.`);

  const variables = new Map<string, Tensor>(); // the tensors of the program, in order
  const usesKey = inputs[0] === "key";
  const variable = (x: Tensor, wanted: string): string => {
    let unique = wanted.replaceAll(/\W/g, "");
    for (let i = 2; variables.has(unique); i++) unique = `${wanted.replaceAll(/\W/g, "")}${i}`;
    variables.set(unique, x);
    return unique;
  };
  const argument = (value: unknown, wanted: string): string => {
    if (value instanceof core.Tensor) return variable(value, wanted);
    if (Array.isArray(value))
      return `[${value.map((each, i) => argument(each, letters[i] ?? `${wanted}${i}`)).join(", ")}]`;
    if (typeof value === "object" && value !== null) {
      const fields = Object.entries(value).map(([key, each]) => {
        const text = argument(each, key);
        return text === key ? key : `${key}: ${text}`;
      });
      return fields.length > 0 ? `{ ${fields.join(", ")} }` : "{}";
    }
    return typeof value === "number" ? String(rounded(value)) : JSON.stringify(value);
  };
  const names = inputs.map((input) => input.replaceAll(/\W/g, ""));
  const rest = inputs.findIndex((input) => input.startsWith("...")); // the input that takes any number of arguments
  const nameAt = (i: number) => (rest >= 0 && i >= rest ? letters[i - rest] : names[i]) ?? "x";
  const args = sample.map((value, i) => argument(value, nameAt(i)));
  const call = `${name}(${args.join(", ")})`;

  const differentiable = [...variables].filter(
    ([variable, x]) => core.isFloat(x.dtype) && by.some((input) => isNameOf(variable, input, names)),
  );
  const lines = [...variables].map(([variable, x], i) =>
    usesKey && i === 0 ? `const ${variable} = randomKey(1);` : `const ${variable} = ${literal(x, core)};`,
  );
  const result = op(...sample);
  const fromOps = new Set([name, ...(usesKey ? ["randomKey"] : [])]);
  const fromCore = new Set(lines.some((line) => line.includes("tensor(")) ? ["tensor"] : []);
  lines.push(`console.log(${call});`);
  if (result instanceof core.Tensor && core.isFloat(result.dtype) && differentiable.length > 0) {
    for (const word of ["tensor", "vjp"]) fromCore.add(word);
    const wrt = differentiable.map(([variable]) => variable).join(", ");
    lines.push("", `const { pullback } = vjp((${wrt}) => ${call}, ${wrt});`);
    const g = variables.has("g") ? "u" : "g";
    lines.push(`const ${g} = ${literal(cotangentFor(result, core), core)}; // the cotangent of the output`);
    lines.push(`for (const cotangent of pullback(${g})) console.log(cotangent);`);
  }
  const from = (names: ReadonlySet<string>, module: string) =>
    names.size > 0 ? [`import { ${[...names].sort().join(", ")} } from "${module}";`] : [];
  const opModules =
    module === "@wengert/ops" || !usesKey
      ? from(fromOps, module)
      : [...from(new Set(["randomKey"]), "@wengert/ops"), ...from(new Set([name]), module)];
  return `${[...from(fromCore, "@wengert/core"), ...opModules, "", ...lines].join("\n")}\n`;
}

const letters = ["a", "b", "c", "d"];

/** Returns whether the example program has a variable for an input or option with the name `input`. */
const isNameOf = (variable: string, input: string, names: readonly string[]): boolean => {
  const word = input.replaceAll(/\W/g, "");
  if (variable.replace(/\d$/, "") === word.replace(/\d$/, "")) return true;
  return names.at(-1) === word && letters.includes(variable); // one of a list of tensors
};

function tensorsIn(value: unknown, Class: typeof Tensor): Tensor[] {
  if (value instanceof Class) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap((x) => tensorsIn(x, Class)) : [];
}

/** Rounds the numbers of samples, which have 16 digits, to two decimals. */
const rounded = (x: number): number => Number(x.toFixed(2)) + 0;

/** Returns an expression for a tensor with rounded numbers. */
function literal(x: Tensor, { isFloat }: Wengert["core"]): string {
  const text = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
    return typeof value === "number" ? String(isFloat(x.dtype) ? rounded(value) : value) : String(value);
  };
  const values = text(x.toNested());
  const isDefault = x.dtype === "float64" || x.dtype === "bool";
  return isDefault ? `tensor(${values})` : `tensor(${values}, { dtype: "${x.dtype}" })`;
}

/** Returns a cotangent for the output y: the numbers 1, 2, 3, … in the shape of y, or 1 if y is a scalar. */
function cotangentFor(y: Tensor, { tensor, ndarray, fromNdarray }: Wengert["core"]): Tensor {
  if (y.size === 1 && y.shape.length === 0) return tensor(1);
  return fromNdarray(
    ndarray(
      Float64Array.from({ length: y.size }, (_, i) => i + 1),
      y.shape,
    ),
  );
}

/** Runs a program, and writes the lines that it prints as comments below the call that prints them. */
export function withOutput(program: string, { core, ops }: Wengert): string {
  const printed: string[] = [];
  const code = program.replaceAll(/^import \{([^}]*)\} from "@wengert\/(core|ops)(?:\/\w+)?";$/gm, "const {$1} = $2;");
  const console = { log: (...values: unknown[]) => void printed.push(format(...values)) };
  new Function("core", "ops", "console", code)(core, ops, console); // the program has no types, so it is JavaScript
  const comment = (text: string) => text.split("\n").map((line) => `// → ${line}`);
  const lines = program.trimEnd().split("\n");
  const last = lines.findLastIndex((line) => line.includes("console.log("));
  return `${lines
    .flatMap((line, i) => {
      if (i === last) return [line, ...printed.splice(0).flatMap(comment)];
      return line.includes("console.log(") ? [line, ...comment(printed.shift() ?? "")] : [line];
    })
    .join("\n")}\n`;
}
