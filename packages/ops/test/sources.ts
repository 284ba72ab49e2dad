import { readdirSync, readFileSync } from "node:fs";
import { parseSync } from "vite";

/**
 * Whether a mutation tester (Stryker) has changed the sources. Changed sources contain error messages that no call can
 * produce.
 */
export const areMutated: boolean = "WENGERT_MUTATED" in process.env;

/** The error messages in a source file. Tests check that each message appears. */
export interface Source {
  /** `core/src/tensor.ts` */
  readonly file: string;
  /** The locations in the source file at which errors are created, as `line:column`. */
  readonly errors: readonly string[];
  /** The fixed text of messages. */
  readonly words: readonly string[];
  /** The constant parts of the texts with which `nonFinite` explains a NaN or an infinity. */
  readonly causes: readonly string[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}
const isNode = (x: unknown): x is Node => typeof x === "object" && x !== null && "type" in x;
const isCause = ({ key }: Node): boolean => isNode(key) && key.name === "nonFinite";

/** Yields all nodes of a syntax tree. Skips types and the nodes that `leftOut` selects. */
function* nodesIn(x: unknown, leftOut: (node: Node) => boolean): Generator<Node> {
  if (Array.isArray(x)) for (const each of x) yield* nodesIn(each, leftOut);
  if (!isNode(x) || x.type.startsWith("TSType") || leftOut(x)) return;
  yield x;
  for (const value of Object.values(x)) yield* nodesIn(value, leftOut);
}

/** Returns the string and template literals that contain two or more words. Ignores names and punctuation. */
function wordsIn(nodes: readonly Node[]): string[] {
  const strings = nodes.map(({ type, value }) => {
    if (type === "TemplateElement") return (value as { cooked: string }).cooked;
    return typeof value === "string" ? value : "";
  });
  return [...new Set(strings.map((text) => text.trim()))].filter((text) => /[a-z]\W? \W?[a-z]/i.test(text));
}

function sourceOf(file: string, text: string): Source {
  const { program } = parseSync(file, text);
  const nodes = [...nodesIn(program, isCause)];
  const made = nodes.filter(({ type, callee }) => type === "NewExpression" && isNode(callee) && isError(callee.name));
  const errors = made.map(({ start }) => {
    const lines = text.slice(0, start).split("\n");
    return `${lines.length}:${lines.at(-1)!.length + 1}`;
  });
  const ownCauses = [...nodesIn(program, () => false)]
    .filter(isCause)
    .flatMap(({ value }) => [...nodesIn(value, () => false)]);
  if (file.endsWith("/nonFiniteCauses.ts")) return { file, errors, words: [], causes: wordsIn(nodes) };
  return { file, errors, words: errors.length > 0 ? wordsIn(nodes) : [], causes: wordsIn(ownCauses) };
}

const isError = (name: unknown): boolean => /\wError$/.test(String(name));

/** The sources of some packages. */
export const sourcesOf = (...packages: readonly string[]): Source[] =>
  packages.flatMap((name) => {
    const folder = new URL(`../../${name}/src/`, import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/"));
    return files
      .filter((file) => file.endsWith(".ts") && !file.endsWith("/binaries.ts"))
      .map((file) => sourceOf(`${name}/src/${file}`, readFileSync(new URL(file, folder), "utf8")));
  });

export const sources: readonly Source[] = sourcesOf("core", "ops");
