/**
 * Builds the model of the public API: every export of the published packages, with its declaration, doc comment,
 * parameters and options. The model also contains the code of each op's VJP rules. A cache file keeps the model until a
 * source file changes.
 *
 * The model is the source of docs/ops.md, api/*.md and the explorer's completions. The site generates its API pages
 * with TypeDoc from the same TypeScript program.
 *
 * The model uses TypeScript 6, because TypeScript 7 cannot be used as a library.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Imports the types of TypeScript 6. @import * as TS from "../../packages/site/node_modules/typescript/lib/typescript.js" */

/**
 * An entry point of a package: its import name, the name of its report in api/, and its source file.
 * @typedef {{ name: string, report: string, source: string }} Entry
 */
/** @typedef {{ name: string, optional: boolean, type: string, doc: string }} Option */
/**
 * An export of an entry point. For a function, `options` holds the properties of its parameter `options`, and `inputs`
 * holds the names of its other parameters.
 * @typedef {{
 *   name: string, kind: "function" | "class" | "variable" | "type", file: string, doc: string, text: string,
 *   inputs: string[], options: Option[],
 * }} Export
 */
/** @typedef {Entry & { exports: Export[], unexported: string[] }} Module - `unexported`: other declarations that these refer to. */
/** @typedef {{ modules: Module[], rules: Record<string, string[]> }} Model - `rules`: by the names of ops. */

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules/.cache/model.json");
/** @type {typeof TS} */
const ts = createRequire(join(root, "packages/site/package.json"))("typescript");
const printer = ts.createPrinter({ removeComments: true });

/** Returns the entry points of the published packages. @returns {Entry[]} */
export function publicEntries() {
  return readdirSync(join(root, "packages")).flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"));
    if (manifest.private) return [];
    return Object.entries(manifest.exports).flatMap(([path, { "@wengert/source": source }]) => {
      if (source === undefined) return []; // package.json
      const name = path.slice(2);
      return {
        name: name ? `${manifest.name}/${name}` : manifest.name,
        report: name ? `${folder}-${name}` : folder,
        source: `${root}packages/${folder}${source.slice(1)}`,
      };
    });
  });
}

/**
 * Returns the names, types and doc comments of all public exports. Reads them from the cache unless a source file has
 * changed.
 * @returns {Model}
 */
export function publicModel() {
  const entries = publicEntries();
  const key = sourceHash(entries);
  if (existsSync(cache)) {
    const known = JSON.parse(readFileSync(cache, "utf8"));
    if (known.key === key) return known.model;
  }
  const model = modelOf(entries);
  mkdirSync(join(cache, ".."), { recursive: true });
  writeFileSync(`${cache}.${process.pid}`, JSON.stringify({ key, model }));
  renameSync(`${cache}.${process.pid}`, cache); // atomic: other processes read it
  return model;
}

/**
 * Returns a hash that changes when a source file, this file or the compiler version changes.
 * @param {readonly Entry[]} entries @returns {string}
 */
export function sourceHash(entries) {
  const hash = createHash("sha256").update(JSON.stringify(entries)).update(ts.version);
  for (const path of [fileURLToPath(import.meta.url), ...sourcesOf(entries)]) hash.update(readFileSync(path));
  return hash.digest("hex");
}

/**
 * Returns all TypeScript source files of the packages that contain the entry points.
 * @param {readonly Entry[]} entries @returns {string[]}
 */
export function sourcesOf(entries) {
  const folders = new Set(entries.map(({ source }) => source.replace(/\/src\/.*/, "/src")));
  return [...folders].flatMap((folder) => {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
  });
}

/** @param {readonly Entry[]} entries @returns {TS.Program} */
export function programOf(entries) {
  return ts.createProgram({
    rootNames: entries.map(({ source }) => source),
    options: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      customConditions: ["@wengert/source"],
      allowImportingTsExtensions: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      declaration: true, // the model contains the text of declarations
      emitDeclarationOnly: true,
      noCheck: true, // `tsc -b` checks the types
      types: [],
    },
  });
}

/** @param {readonly Entry[]} entries @returns {Model} */
export function modelOf(entries) {
  const program = programOf(entries);
  const checker = program.getTypeChecker();
  const sources = program.getSourceFiles().filter(({ fileName }) => !fileName.includes("/node_modules/"));
  const exported = new Map(entries.map((entry) => [entry, exportsOf(entry)]));
  const all = new Set([...exported.values()].flatMap((api) => api.map(({ symbol }) => symbol)));
  /** @type {Map<TS.SourceFile, Map<string, string[]>>} */
  const texts = new Map();

  return {
    modules: entries.map((entry) => {
      const api = exported.get(entry) ?? [];
      return {
        ...entry,
        exports: api.map(({ name, symbol }) => describe(name, symbol)),
        unexported: notExported(api.map(({ symbol }) => symbol)).map((symbol) => textOf(symbol, symbol.name)),
      };
    }),
    rules: Object.fromEntries(sources.flatMap((source) => rulesIn(source))),
  };

  /**
   * Returns the exports of an entry point, in the order of its source.
   * @param {Entry} entry @returns {{ name: string, symbol: TS.Symbol }[]}
   */
  function exportsOf({ source }) {
    const file = program.getSourceFile(source);
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${source} is missing or exports nothing.`);
    return checker.getExportsOfModule(module).map((symbol) => ({ name: symbol.name, symbol: original(symbol) }));
  }

  /**
   * Returns the symbol that an import or a re-export refers to.
   * @template {TS.Symbol | undefined} T @param {T} symbol @returns {T}
   */
  function original(symbol) {
    return symbol && symbol.flags & ts.SymbolFlags.Alias ? /** @type {T} */ (checker.getAliasedSymbol(symbol)) : symbol;
  }

  /** @param {string} name @param {TS.Symbol} symbol @returns {Export} */
  function describe(name, symbol) {
    const isValue = symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable);
    const overloads = isValue ? checker.getTypeOfSymbol(symbol).getCallSignatures() : [];
    const signature = overloads.at(-1); // the most general overload
    const kind = symbol.flags & ts.SymbolFlags.Class ? "class" : signature ? "function" : isValue ? "variable" : "type";
    const parameters = signature?.getParameters().flatMap(parametersOf) ?? [];
    const options = parameters.findLast((parameter) => parameter.name === "options");
    const properties = options ? optionsOf(options.type) : [];
    const inputs = parameters.filter((parameter) => parameter !== options || properties.length === 0);
    return {
      name,
      kind,
      file: relative(root, fileOf(symbol)).replaceAll(sep, "/"),
      doc: docOf(symbol),
      text: textOf(symbol, name),
      inputs: inputs.map(({ name, optional }) => (optional ? `${name}?` : name)),
      options: properties,
    };
  }

  /**
   * Returns the name and type of a function's parameter, in a list. For a rest parameter with a tuple type, such as the
   * inputs of an op, the list has one entry for each labeled element of the tuple.
   * @param {TS.Symbol} symbol @returns {{ name: string, optional: boolean, type: TS.Type }[]}
   */
  function parametersOf(symbol) {
    const type = checker.getTypeOfSymbol(symbol);
    const declaration = symbol.valueDeclaration;
    if (declaration === undefined || !ts.isParameter(declaration))
      return [{ name: symbol.name, optional: false, type }];
    const { name, questionToken, initializer, dotDotDotToken } = declaration;
    if (dotDotDotToken === undefined || !checker.isTupleType(type)) {
      const optional = questionToken !== undefined || initializer !== undefined;
      return [{ name: `${dotDotDotToken ? "..." : ""}${name.getText().replaceAll(/\s+/g, " ")}`, optional, type }];
    }
    const tuple = /** @type {TS.TupleTypeReference} */ (type);
    const { labeledElementDeclarations: labels, elementFlags } = tuple.target;
    const types = checker.getTypeArguments(tuple);
    const usual = types.filter((_, i) => !labels?.[i]).length === 1 ? ["x"] : ["a", "b"]; // if there are no labels
    return types.map((type, i) => ({
      name: labels?.[i]?.name.getText() ?? usual[i] ?? `x${i}`,
      optional: Boolean((elementFlags[i] ?? 0) & ts.ElementFlags.Optional),
      type,
    }));
  }

  /**
   * Returns the properties of the type of an options object; inherited properties come first.
   * @param {TS.Type} type @returns {Option[]}
   */
  function optionsOf(type) {
    const given = checker.getNonNullableType(type);
    const isOwn = (/** @type {TS.Symbol} */ option) =>
      option.declarations?.[0]?.parent === given.symbol?.declarations?.[0];
    return checker
      .getPropertiesOfType(given)
      .sort((a, b) => Number(isOwn(a)) - Number(isOwn(b)))
      .map((symbol) => ({
        name: symbol.name,
        optional: Boolean(symbol.flags & ts.SymbolFlags.Optional),
        type: typeText(symbol),
        doc: docOf(symbol),
      }));
  }

  /**
   * Returns the type of an option as a caller would write it. Type aliases are expanded unless another package declares
   * them.
   * @param {TS.Symbol} option
   */
  function typeText(option) {
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(option));
    const alias = type.aliasSymbol && packageOf(type.aliasSymbol) === packageOf(option) ? type.aliasSymbol : option;
    const declaration = /** @type {TS.PropertySignature | undefined} */ (alias.declarations?.[0]);
    return (declaration?.type?.getText() ?? checker.typeToString(type))
      .replaceAll(/\s+/g, " ")
      .replaceAll(/readonly | \| undefined\b/g, "")
      .replaceAll(/\((\[[^\]]*\])\)/g, "$1");
  }

  /** Returns the doc comment of a symbol as a single line of text. @param {TS.Symbol} symbol */
  function docOf(symbol) {
    const tags = symbol.getJsDocTags(checker).map(({ name, text }) => `@${name} ${ts.displayPartsToString(text)}`);
    const said = ts.displayPartsToString(symbol.getDocumentationComment(checker));
    return [said, ...tags].join(" ").replaceAll(/\s+/g, " ").trim();
  }

  /**
   * Returns the declarations of a symbol as text, without comments and function bodies. The text also says whether the
   * symbol is deprecated, or exported under another name.
   * @param {TS.Symbol} symbol @param {string} name
   */
  function textOf(symbol, name) {
    const files = new Set(symbol.declarations?.map((declaration) => declaration.getSourceFile()));
    const declared = [...files].flatMap((file) => declarationsIn(file).get(symbol.name) ?? []);
    const deprecated = symbol.getJsDocTags(checker).find((tag) => tag.name === "deprecated");
    const reason = deprecated && `// deprecated: ${ts.displayPartsToString(deprecated.text)}`;
    const renamed = name === symbol.name ? undefined : `// exported as ${name}:`;
    return [reason, renamed, ...declared].filter(Boolean).join("\n");
  }

  /**
   * Returns the declarations of a source file by name, as its .d.ts file contains them.
   * @param {TS.SourceFile} file @returns {Map<string, string[]>}
   */
  function declarationsIn(file) {
    const known = texts.get(file);
    if (known) return known;
    let emitted = "";
    program.emit(file, (_, text) => (emitted = text), undefined, true);
    const declared = ts.createSourceFile(file.fileName, emitted, ts.ScriptTarget.ES2023);
    /** @type {Map<string, string[]>} */
    const found = new Map();
    for (const statement of declared.statements) {
      const named = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0] : statement;
      const name = /** @type {{ name?: { text: string } }} */ (/** @type {unknown} */ (named)).name?.text;
      if (name === undefined) continue;
      const text = printer.printNode(ts.EmitHint.Unspecified, statement, declared);
      found.set(name, [...(found.get(name) ?? []), text.replace(/^(export )?(declare )?/, "")]);
    }
    texts.set(file, found);
    return found;
  }

  /**
   * Returns the symbols that declarations refer to, directly or indirectly, but that no entry point exports.
   * @param {TS.Symbol[]} symbols @returns {TS.Symbol[]}
   */
  function notExported(symbols) {
    /** @type {Set<TS.Symbol>} */
    const found = new Set();
    /** @param {TS.Node} node */
    const visit = (node) => {
      if (isCode(node)) return;
      if (ts.isIdentifier(node)) {
        const symbol = original(checker.getSymbolAtLocation(node));
        if (symbol && isOurs(symbol) && !all.has(symbol) && !found.has(symbol)) {
          found.add(symbol);
          symbol.declarations?.forEach(visit);
        }
      }
      ts.forEachChild(node, visit);
    };
    for (const { declarations } of symbols) declarations?.forEach(visit);
    return [...found].sort((a, b) => Number(a.name > b.name) - Number(a.name < b.name));
  }

  /** Returns whether a symbol is declared at the top level of a source file of the packages. @param {TS.Symbol} symbol */
  function isOurs({ declarations }) {
    return declarations?.some((declaration) => {
      const { parent } = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
      return parent && ts.isSourceFile(parent) && sources.includes(parent);
    });
  }
}

/** @param {TS.Symbol} symbol */
const fileOf = ({ declarations }) => declarations?.[0]?.getSourceFile().fileName ?? "";

/** Returns the folder of the package that declares a symbol. @param {TS.Symbol} symbol */
const packageOf = (symbol) => fileOf(symbol).replace(/\/src\/.*/, "");

/**
 * Returns whether a syntax node is a function body, a value or a private member, which declaration files (.d.ts) omit.
 * @param {TS.Node} node
 */
function isCode(node) {
  const { body, initializer } = /** @type {{ body?: TS.Node, initializer?: TS.Node }} */ (node.parent ?? {});
  if (node === body) return true;
  if (node === initializer) return !ts.isArrowFunction(node);
  return ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name);
}

/**
 * Returns the code of the VJP rules of each op that a file declares. In `defineOp({ name, vjp: [...] })`, the rules are
 * the elements of `vjp`. If a helper function declares the op, the rules are the arguments that are functions of the
 * cotangent g. Without such arguments, the rules are the elements of `vjp` in the helper function.
 * @param {TS.SourceFile} file @returns {[name: string, rules: string[]][]}
 */
function rulesIn(file) {
  const constants = file.statements.flatMap((statement) =>
    ts.isVariableStatement(statement) ? [...statement.declarationList.declarations] : [],
  );
  return constants.flatMap(({ name, initializer: call }) => {
    if (call === undefined || !ts.isCallExpression(call)) return [];
    const [first] = call.arguments;
    const spec = first && ts.isObjectLiteralExpression(first) ? first : undefined;
    const family = file.statements.find(
      (statement) => ts.isFunctionDeclaration(statement) && statement.name?.text === call.expression.getText(),
    );
    const rules = spec ? rulesOf(spec) : (rulesAmong(call.arguments) ?? (family && rulesOf(family)));
    const given = spec ? propertyOf(spec, "name") : first;
    const op = given && ts.isStringLiteral(given) ? given.text : name.getText();
    return rules ? [[op, rules.map(dedented)]] : [];
  });
}

/** @param {TS.Node} node @returns {TS.Node[] | undefined} */
function rulesOf(node) {
  const vjp = propertyOf(node, "vjp");
  return vjp && (ts.isArrayLiteralExpression(vjp) ? [...vjp.elements] : [vjp]);
}

/** @param {readonly TS.Node[]} args @returns {TS.Node[] | undefined} */
function rulesAmong(args) {
  const isRule = (/** @type {TS.Node} */ node) =>
    ts.isArrowFunction(node) && node.parameters[0]?.name.getText() === "g";
  for (const arg of args) if (ts.isArrayLiteralExpression(arg) && arg.elements.some(isRule)) return [...arg.elements];
  const alone = args.filter(isRule);
  return alone.length > 0 ? alone : undefined;
}

/**
 * Returns the value of the first property called `name` inside the syntax node `node`, at any depth.
 * @param {TS.Node} node @param {string} name @returns {TS.Node | undefined}
 */
function propertyOf(node, name) {
  if (ts.isPropertyAssignment(node) && node.name.getText() === name) return node.initializer;
  return ts.forEachChild(node, (child) => propertyOf(child, name));
}

/** Returns the source text of a syntax node, without the indentation of the node's first line. @param {TS.Node} node */
function dedented(node) {
  const { text } = node.getSourceFile();
  const line = text.slice(text.lastIndexOf("\n", node.getStart()) + 1, node.getStart());
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  return node.getText().replaceAll(new RegExp(`\n {0,${indent}}`, "g"), "\n");
}
