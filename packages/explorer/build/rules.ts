import { readdirSync, readFileSync } from "node:fs";
import { type ESTree, type Plugin, parseSync } from "vite";

const folders = ["../../core/src/", "../../ops/src/"].map((path) => new URL(path, import.meta.url).pathname);

/**
 * The VJP rules of the library's ops as they are written, `virtual:rules`: what a bundle leaves of them is no pleasure to
 * read. In `defineOp({ name, vjp: [...] })` they are the entries of `vjp`; in a call of a family's helper, what takes a
 * cotangent g.
 */
export function rules(): Plugin {
  return {
    name: "rules",
    resolveId: (id) => (id === "virtual:rules" ? `\0${id}` : undefined),
    load(id) {
      if (id !== "\0virtual:rules") return undefined;
      for (const path of sources()) this.addWatchFile(path);
      return `export default ${JSON.stringify(allRules())};`;
    },
  };
}

const sources = (): string[] =>
  folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".ts"))
      .map((name) => folder + name),
  );

export function allRules(): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const path of sources()) {
    const text = readFileSync(path, "utf8");
    const { body } = parseSync(path, text).program;
    const declarations = body.flatMap((node) => {
      const declaration = node.type === "ExportNamedDeclaration" ? node.declaration : node;
      return declaration?.type === "VariableDeclaration" ? declaration.declarations : [];
    });
    for (const { id, init } of declarations) {
      if (id.type !== "Identifier" || init?.type !== "CallExpression") continue;
      const [first] = init.arguments;
      const isSpec = first?.type === "ObjectExpression";
      const family = body.find((node) => isNamed(node, textOf(text, init.callee)));
      const own = isSpec ? rulesOfSpec(first) : (rulesAmong(init.arguments) ?? (family && rulesOfSpec(family)));
      const name = (isSpec ? literal(property(first, "name")) : literal(first)) ?? id.name;
      if (own) found[name] = own.map((rule) => dedented(text, rule));
    }
  }
  return found;
}

const isNamed = (node: ESTree.Node, name: string): boolean =>
  node.type === "FunctionDeclaration" && node.id?.name === name;

/** The value of a property, however deep it stands in `node`. */
function property(node: ESTree.Node, name: string): ESTree.Node | undefined {
  if (node.type === "Property" && node.key.type === "Identifier" && node.key.name === name) return node.value;
  for (const child of Object.values(node).flat()) {
    const found = typeof child?.type === "string" ? property(child as ESTree.Node, name) : undefined;
    if (found) return found;
  }
  return undefined;
}

const literal = (node: ESTree.Node | undefined): string | undefined =>
  node?.type === "Literal" && typeof node.value === "string" ? node.value : undefined;

const textOf = (text: string, { start, end }: { start: number; end: number }): string => text.slice(start, end);

function rulesOfSpec(spec: ESTree.Node): ESTree.Node[] | undefined {
  const vjp = property(spec, "vjp");
  return vjp?.type === "ArrayExpression" ? vjp.elements.filter((each) => each !== null) : vjp && [vjp];
}

function rulesAmong(args: readonly ESTree.Node[]): ESTree.Node[] | undefined {
  const isRule = (node: ESTree.Node | null): boolean =>
    node?.type === "ArrowFunctionExpression" && node.params[0]?.type === "Identifier" && node.params[0].name === "g";
  const list = args.find((arg) => arg.type === "ArrayExpression" && arg.elements.some((each) => isRule(each)));
  if (list?.type === "ArrayExpression") return list.elements.filter((each) => each !== null);
  const alone = args.filter((arg) => isRule(arg));
  return alone.length > 0 ? alone : undefined;
}

/** The text of a node, its lines moved left as far as the line stands in where it begins. */
function dedented(text: string, node: { start: number; end: number }): string {
  const line = text.slice(text.lastIndexOf("\n", node.start) + 1, node.start);
  const indent = /^ */.exec(line)![0].length;
  return textOf(text, node).replaceAll(new RegExp(`\n {0,${indent}}`, "g"), "\n");
}
