import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ESTree, type Plugin, parseSync } from "vite";
import { declarationsOf } from "../../../tools/declarations.mjs";

const [core, gradcheck, ops] = ["core/src/index.ts", "core/src/gradcheck.ts", "ops/src/index.ts"].map(
  (path) => new URL(`../../${path}`, import.meta.url).pathname,
) as [string, string, string];

interface Declaration {
  readonly name: string;
  readonly module: string;
  readonly signature: string;
  readonly doc: string;
}

/** What the library exports, with signature and doc comment, read from its sources: `virtual:declarations`. */
export function declarations(): Plugin {
  return {
    name: "declarations",
    resolveId: (id) => (id === "virtual:declarations" ? `\0${id}` : undefined),
    load(id) {
      if (id !== "\0virtual:declarations") return undefined;
      for (const path of [core, gradcheck, ops]) this.addWatchFile(path);
      return `export default ${JSON.stringify(allDeclarations())};`;
    },
  };
}

export function allDeclarations(): Declaration[] {
  const ofOps = declarationsOf(ops).map(({ name, inputs, options, doc }) => ({
    name,
    module: "@wengert/ops",
    signature: `${name}(${[...inputs, ...(options.length > 0 ? [optionsText(options)] : [])].join(", ")})`,
    doc,
  }));
  return [...exportsOf(core, "@wengert/core"), ...functionsIn(gradcheck, "@wengert/core/gradcheck"), ...ofOps];
}

const optionsText = (options: readonly { name: string; optional: boolean }[]): string =>
  `{ ${options.map(({ name, optional }) => (optional ? `${name}?` : name)).join(", ")} }`;

/** The documented functions that an index exports from its neighbours. */
function exportsOf(index: string, module: string): Declaration[] {
  const { program } = parseSync(index, readFileSync(index, "utf8"));
  return program.body.flatMap((node) => {
    if (node.type !== "ExportNamedDeclaration" || !node.source || node.exportKind === "type") return [];
    const names = new Set(
      node.specifiers.map(({ exported }) => (exported.type === "Literal" ? exported.value : exported.name)),
    );
    const path = join(dirname(index), node.source.value);
    return functionsIn(path, module).filter(({ name }) => names.has(name));
  });
}

function functionsIn(path: string, module: string): Declaration[] {
  const text = readFileSync(path, "utf8");
  const { program, comments } = parseSync(path, text);
  const found = new Map<string, Declaration>(); // of overloads the first
  for (const node of program.body) {
    const own = node.type === "ExportNamedDeclaration" ? nameAndParameters(node.declaration) : undefined;
    if (!own || found.has(own.name)) continue;
    const comment = comments.findLast(({ end }) => end <= node.start && text.slice(end, node.start).trim() === "");
    if (comment?.type !== "Block" || !comment.value.startsWith("*")) continue;
    const doc = comment.value
      .slice(1)
      .replaceAll(/\n\s*\*/g, " ")
      .replaceAll(/\s+/g, " ")
      .trim();
    const parameters = own.parameters.map((each) => parameterText(text, each)).join(", ");
    found.set(own.name, { name: own.name, module, signature: `${own.name}(${parameters})`, doc });
  }
  return [...found.values()];
}

function nameAndParameters(
  declaration: ESTree.Node | null,
): { name: string; parameters: readonly ESTree.Node[] } | undefined {
  if (declaration?.type === "FunctionDeclaration" || declaration?.type === "TSDeclareFunction")
    return declaration.id ? { name: declaration.id.name, parameters: declaration.params } : undefined;
  const constant = declaration?.type === "VariableDeclaration" ? declaration.declarations[0] : undefined;
  if (constant?.id.type !== "Identifier" || constant.init?.type !== "ArrowFunctionExpression") return undefined;
  return { name: constant.id.name, parameters: constant.init.params };
}

/** A parameter without its type, and what it defaults to. */
function parameterText(text: string, node: ESTree.Node): string {
  if (node.type === "AssignmentPattern") return `${parameterText(text, node.left)}?`;
  if (node.type === "RestElement") return `...${parameterText(text, node.argument)}`;
  const typed = node as { optional?: boolean; typeAnnotation?: { start: number } | null };
  const end = typed.typeAnnotation?.start ?? node.end;
  return `${text.slice(node.start, end).replace(/\s+/g, " ").replace(/\?$/, "")}${typed.optional ? "?" : ""}`;
}
