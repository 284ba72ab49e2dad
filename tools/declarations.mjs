/**
 * Reads what a package exports from its sources: the doc comment of each constant, and its signature as its type declares
 * it. The types that are understood are those of this repository: `Op<Inputs, Params, Options>`, `Sampled<Function>`,
 * `Front<Function>`, functions, and interfaces with a call signature.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseSync } from "vite";

/** @typedef {import("vite").ESTree.Node} Node */
/** @typedef {import("vite").ESTree.TSType} Type */

/** @typedef {{ name: string, optional: boolean, type: string, doc: string }} Option */
/** @typedef {{ inputs: string[], options: Option[] }} Signature - The names of the inputs, and what comes after them. */
/** @typedef {Signature & { name: string, file: string, doc: string }} Declaration */

/**
 * One file: its constants and types by name, and where its imports come from.
 * @typedef {{
 *   path: string, text: string, docOf: (start: number) => string,
 *   constants: Map<string, Constant>, types: Map<string, TypeDeclaration>, imports: Map<string, { from: string, name: string }>,
 * }} Source
 */
/** @typedef {{ start: number, type: Type | undefined, init: Node | null }} Constant */
/** @typedef {import("vite").ESTree.TSInterfaceDeclaration | import("vite").ESTree.TSTypeAliasDeclaration} TypeDeclaration */

/** @type {Map<string, Source>} */
const sources = new Map();

/**
 * The constants that `index` exports, in its order, but for those of folders of their own: these hold no op.
 * @param {string} index @returns {Declaration[]}
 */
export function declarationsOf(index) {
  const { program } = parse(index);
  return program.body.flatMap((node) => {
    if (node.type !== "ExportNamedDeclaration" || node.source === null || node.exportKind === "type") return [];
    if (/^\.\/.*\//.test(node.source.value)) return [];
    const source = sourceOf(join(dirname(index), node.source.value));
    return node.specifiers
      .filter(({ exportKind }) => exportKind !== "type")
      .map((specifier) => declarationOf(source, nameOf(specifier.exported)));
  });
}

/** @param {Source} source @param {string} name @returns {Declaration} */
function declarationOf(source, name) {
  const constant = source.constants.get(name);
  if (constant === undefined) throw new Error(`${source.path} exports ${name}, but declares no constant of that name.`);
  const doc = source.docOf(constant.start);
  if (doc === "") {
    throw new Error(
      `${source.path}: ${name} has no doc comment: write its formula, its consequence, its policy above it.`,
    );
  }
  const signature = constant.type && signatureOf(constant.type, source, constant.init);
  if (!signature) {
    throw new Error(
      `${source.path}: the type of ${name} is none that tools/declarations.mjs reads: ` +
        "Op<Inputs, Params, Options>, Sampled<Function>, a function, or an interface with a call signature.",
    );
  }
  return { name, file: basename(source.path), doc, ...signature };
}

/** @param {Type} type @param {Source} source @param {Node | null} init @returns {Signature | undefined} */
function signatureOf(type, source, init) {
  if (type.type === "TSFunctionType") return signatureOfParameters(type.params, source);
  if (type.type === "TSIntersectionType") {
    for (const part of type.types) {
      const found = signatureOf(part, source, init);
      if (found) return found;
    }
    return undefined;
  }
  if (type.type !== "TSTypeReference") return undefined;
  const name = textOf(type.typeName, source);
  const args = type.typeArguments?.params ?? [];
  if ((name === "Sampled" || name === "Front") && args[0]) return signatureOf(args[0], source, init);
  if (name === "Op" && args[0]) {
    const options = args[2] ?? args[1];
    return { inputs: namesOf(args[0], source, init), options: options ? optionsOf(options, source) : [] };
  }
  const found = typeNamed(name, source);
  if (found === undefined) return undefined;
  const { declaration, source: home } = found;
  if (declaration.type === "TSTypeAliasDeclaration") return signatureOf(declaration.typeAnnotation, home, init);
  const call = declaration.body.body.find((member) => member.type === "TSCallSignatureDeclaration");
  return call && signatureOfParameters(call.params, home);
}

/**
 * The parameters of a function; the one called `options` is what it says.
 * @param {readonly Node[]} parameters @param {Source} source @returns {Signature}
 */
function signatureOfParameters(parameters, source) {
  /** @type {Signature} */
  const signature = { inputs: [], options: [] };
  for (const parameter of parameters) {
    if (parameter.type === "RestElement") signature.inputs.push(textOf(parameter, source).replace(/:.*/s, ""));
    if (parameter.type !== "Identifier") continue;
    const { name, optional, typeAnnotation } = parameter;
    if (name === "options" && typeAnnotation) signature.options = optionsOf(typeAnnotation.typeAnnotation, source);
    else signature.inputs.push(optional ? `${name}?` : name);
  }
  return signature;
}

/**
 * The names of an op's inputs: the labels of the tuple; without, those by which the declaration takes them apart.
 * @param {Type} inputs @param {Source} source @param {Node | null} init @returns {string[]}
 */
function namesOf(inputs, source, init) {
  const tuple = inputs.type === "TSTypeOperator" ? inputs.typeAnnotation : inputs;
  if (tuple.type === "TSTupleType") {
    return tuple.elementTypes.map((element) => (element.type === "TSNamedTupleMember" ? element.label.name : "x"));
  }
  const alias = inputs.type === "TSTypeReference" ? source.types.get(textOf(inputs, source)) : undefined;
  if (alias?.type === "TSTypeAliasDeclaration") return namesOf(alias.typeAnnotation, source, init);
  const usual = { Unary: ["x"], Binary: ["a", "b"], Inputs: ["tensors"] }[textOf(inputs, source)];
  if (usual === undefined) throw new Error(`${source.path}: ${textOf(inputs, source)} names no inputs.`);
  return takenApart(init, usual.length) ?? usual;
}

/**
 * The names in `kernel: (out, [s, g]) => …` or in another function of the declaration.
 * @param {Node | null} init @param {number} count @returns {string[] | undefined}
 */
function takenApart(init, count) {
  const spec = init?.type === "CallExpression" ? init.arguments[0] : undefined;
  if (spec?.type !== "ObjectExpression") return undefined;
  for (const property of spec.properties) {
    if (property.type !== "Property" || property.value.type !== "ArrowFunctionExpression") continue;
    for (const parameter of property.value.params) {
      if (parameter.type !== "ArrayPattern" || parameter.elements.length !== count) continue;
      const names = parameter.elements.flatMap((element) => (element?.type === "Identifier" ? [element.name] : []));
      if (names.length === count) return names;
    }
  }
  return undefined;
}

/** @param {Type} type @param {Source} source @returns {Option[]} */
function optionsOf(type, source) {
  if (type.type === "TSTypeLiteral") return type.members.flatMap((member) => optionOf(member, source));
  if (type.type === "TSIntersectionType") return type.types.flatMap((part) => optionsOf(part, source));
  if (type.type !== "TSTypeReference") return [];
  const name = textOf(type.typeName, source);
  const inner = type.typeArguments?.params[0];
  if (name === "Partial" && inner) return optionsOf(inner, source).map((option) => ({ ...option, optional: true }));
  const found = typeNamed(name, source);
  if (found === undefined) throw new Error(`${source.path}: there is no type ${name} to read options from.`);
  const { declaration, source: home } = found;
  if (declaration.type === "TSTypeAliasDeclaration") return optionsOf(declaration.typeAnnotation, home);
  const inherited = declaration.extends.flatMap(({ expression }) => {
    const base = typeNamed(textOf(expression, home), home);
    return base?.declaration.type === "TSInterfaceDeclaration" ? membersOf(base.declaration, base.source) : [];
  });
  return [...inherited, ...membersOf(declaration, home)];
}

/** @param {import("vite").ESTree.TSInterfaceDeclaration} declaration @param {Source} source */
const membersOf = (declaration, source) => declaration.body.body.flatMap((member) => optionOf(member, source));

/** @param {Node} member @param {Source} source @returns {Option[]} */
function optionOf(member, source) {
  if (member.type !== "TSPropertySignature" || member.key.type !== "Identifier" || !member.typeAnnotation) return [];
  const type = typeText(member.typeAnnotation.typeAnnotation, source);
  return [{ name: member.key.name, optional: member.optional, type, doc: source.docOf(member.start) }];
}

/**
 * A type as one would write it in a call: without `readonly` and `undefined`, and with what the package's own names mean.
 * @param {Type} type @param {Source} source @returns {string}
 */
function typeText(type, source) {
  if (type.type === "TSUnionType") {
    const parts = type.types.map((part) => typeText(part, source)).filter((part) => part !== "undefined");
    return parts.join(" | ");
  }
  const found = type.type === "TSTypeReference" ? typeNamed(textOf(type, source), source) : undefined;
  if (found?.declaration.type === "TSTypeAliasDeclaration") {
    return typeText(found.declaration.typeAnnotation, found.source);
  }
  const text = textOf(type, source).replaceAll("readonly ", "").replaceAll(/\s+/g, " ");
  return text.replaceAll(/\((\[[^\]]*\])\)/g, "$1");
}

/**
 * A type of this package by its name in `source`.
 * @param {string} name @param {Source} source @returns {{ declaration: TypeDeclaration, source: Source } | undefined}
 */
function typeNamed(name, source) {
  const declaration = source.types.get(name);
  if (declaration) return { declaration, source };
  const imported = source.imports.get(name);
  if (!imported?.from.startsWith(".")) return undefined;
  return typeNamed(imported.name, sourceOf(join(dirname(source.path), imported.from)));
}

/** @param {string} path @returns {Source} */
function sourceOf(path) {
  const known = sources.get(path);
  if (known) return known;
  const { text, program, comments } = parse(path);
  /** @type {Source} */
  const source = { path, text, docOf, constants: new Map(), types: new Map(), imports: new Map() };
  sources.set(path, source);
  for (const node of program.body) read(node, node.start);
  return source;

  /** @param {Node} node @param {number} start */
  function read(node, start) {
    if (node.type === "ImportDeclaration") {
      for (const specifier of node.specifiers) {
        if (specifier.type !== "ImportSpecifier") continue;
        source.imports.set(specifier.local.name, { from: node.source.value, name: nameOf(specifier.imported) });
      }
    } else if (node.type === "TSInterfaceDeclaration" || node.type === "TSTypeAliasDeclaration") {
      source.types.set(node.id.name, node);
    } else if (node.type === "VariableDeclaration") {
      for (const { id, init } of node.declarations) {
        if (id.type !== "Identifier") continue;
        source.constants.set(id.name, { start, type: id.typeAnnotation?.typeAnnotation, init });
      }
    } else if (node.type === "ExportNamedDeclaration") {
      if (node.declaration) read(node.declaration, start);
      for (const { local, exported } of node.specifiers) {
        const constant = source.constants.get(nameOf(local));
        if (constant) source.constants.set(nameOf(exported), constant);
      }
    }
  }

  /** The doc comment that ends where only white space is left before `start`. @param {number} start */
  function docOf(start) {
    const comment = comments.findLast(({ end }) => end <= start && text.slice(end, start).trim() === "");
    if (comment?.type !== "Block" || !comment.value.startsWith("*")) return "";
    return comment.value
      .slice(1)
      .replaceAll(/\n\s*\*/g, " ")
      .replaceAll(/\s+/g, " ")
      .trim();
  }
}

/** @param {string} path */
function parse(path) {
  const text = readFileSync(path, "utf8");
  const { program, comments, errors } = parseSync(path, text);
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  return { text, program, comments };
}

/** @param {{ start: number, end: number }} node @param {Source} source */
const textOf = ({ start, end }, { text }) => text.slice(start, end);

/** @param {import("vite").ESTree.ModuleExportName} node */
const nameOf = (node) => (node.type === "Literal" ? node.value : node.name);
