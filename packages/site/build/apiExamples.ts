import { existsSync, readdirSync, readFileSync } from "node:fs";
import Slugger from "github-slugger";
import { type Export, publicModel } from "../../../tools/docs/model.mjs";
import { exampleStart } from "./markdown.ts";
import { root, type Source, titleOf } from "./pages.ts";

// Adds an example to each entry of the API reference. The example is, in this order:
// 1. the program of the file in `examples` that has the name of the export as its heading,
// 2. the shortest program of the documentation that imports the export,
// 3. for types, a link to the example of a function whose declaration refers to the type.
// A test runs all programs.

interface Program {
  readonly path: string;
  readonly page: string;
  readonly code: string;
  /** The imported names, each with its module in front, such as "@wengert/core grad". */
  readonly imports: ReadonlySet<string>;
}

const maxLines = 30;
const folder = "packages/site/examples/";

/** Returns the programs of the documentation that are short enough to be examples, sorted by length. */
function programs(): Program[] {
  const docs = readdirSync(`${root}docs`, { recursive: true, encoding: "utf8" })
    .map((name) => `docs/${name.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".md") && !path.includes("build-your-own"))
    .sort();
  const found = docs.flatMap((path) => {
    const text = readFileSync(root + path, "utf8");
    return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => {
      const lists = [...code.matchAll(/^import \{([^}]*)\} from "([^"]+)";$/gm)];
      const names = lists.flatMap(([, list = "", module]) =>
        list.split(",").map((name) => `${module} ${name.trim().replace(/^type /, "")}`),
      );
      return { path, page: titleOf(text), code, imports: new Set(names) };
    });
  });
  return found.filter(({ code }) => code.split("\n").length <= maxLines).sort((a, b) => a.code.length - b.code.length);
}

/** Returns the example programs of an API page by the names of the exports. */
function ownPrograms(report: string): ReadonlyMap<string, string> {
  const path = `${root}${folder}${report}.md`;
  if (!existsSync(path)) return new Map();
  const sections = readFileSync(path, "utf8").matchAll(/^## (\S+)\n\n```ts\n(.*?)^```$/gms);
  return new Map([...sections].map(([, name = "", code = ""]) => [name, code]));
}

/** The heading and the text of an entry of an API page. */
const entries = /^### ([\w$]+)(?:\(\))?\n\n(.*?)(?=^\*\*\*$|^#{1,3} |(?![\s\S]))/gms;

/** Adds an example, or a link to an example, to each entry of the API pages. */
export function withExamples(sources: readonly Source[]): Source[] {
  const all = programs();
  const modules = publicModel().modules.map((module) => ({ ...module, path: `api/${module.report}.md` }));
  const completed = sources.map((source) => {
    const module = modules.find(({ path }) => path === source.path);
    if (module === undefined) return source;
    const own = ownPrograms(module.report);
    const kinds = new Map(module.exports.map(({ name, kind }) => [name, kind]));
    const text = source.text.replaceAll(entries, (whole, name: string) => {
      if (whole.includes(exampleStart)) return whole;
      const code = own.get(name);
      if (code !== undefined) return withEnd(whole, example(code));
      const program =
        kinds.get(name) === "type" ? undefined : all.find(({ imports }) => imports.has(`${module.name} ${name}`));
      if (program === undefined) return whole;
      return withEnd(whole, example(program.code, `From [${program.page}](/${program.path}).`));
    });
    return { ...source, text };
  });
  const pages = modules.flatMap(({ path, exports, unexported }) => {
    const text = completed.find((source) => source.path === path)?.text;
    if (text === undefined) return [];
    const declarations = [...exports, ...unexported.map((declaration) => ({ name: "", kind: "", text: declaration }))];
    return [{ path, declarations: declarations.map(named), anchors: anchorsOf(text), text }];
  });
  return completed.map((source) => {
    const page = pages.find(({ path }) => path === source.path);
    return page === undefined ? source : { ...source, text: withLinks(page, pages) };
  });
}

const withEnd = (entry: string, end: string): string => `${entry.trimEnd()}\n\n${end}\n\n`;

const example = (code: string, origin = ""): string =>
  `${exampleStart}\n\n\`\`\`ts\n${code}\`\`\`\n\n${origin}\n\n</details>`;

interface Declaration {
  /** The exported name; "" if the package does not export the declaration. */
  readonly name: string;
  /** The name in the declaration, which may differ from the exported name. */
  readonly declared: string;
  readonly kind: string;
  readonly text: string;
}

const named = ({ name, kind, text }: Pick<Export, "name" | "text"> & { kind: string }): Declaration => {
  const declared = /^(?:interface|type|class|function|const) ([\w$]+)/m.exec(text)?.[1] ?? name;
  return { name, declared, kind, text };
};

interface Page {
  readonly path: string;
  readonly declarations: readonly Declaration[];
  readonly text: string;
  /** The ids of the entries that have an example, by the names of the exports. */
  readonly anchors: ReadonlyMap<string, string>;
}

/** Adds links to the entries of types that have no example. */
function withLinks(page: Page, pages: readonly Page[]): string {
  const types = new Map(
    page.declarations.filter(({ kind }) => kind === "type" || kind === "class").map((type) => [type.name, type]),
  );
  return page.text.replaceAll(entries, (whole, name: string) => {
    const type = types.get(name);
    if (type === undefined || whole.includes(exampleStart)) return whole;
    const others = pages.filter((other) => other !== page);
    const found = userOf(type, [page]) ?? userOf(type, others);
    if (found === undefined) return whole;
    const target = `${found.page === page ? "" : `/${found.page.path}`}#${found.page.anchors.get(found.name)}`;
    return withEnd(whole, `[The example of \`${found.name}\`](${target}) uses this type.`);
  });
}

/**
 * Returns an export of `pages` that has an example and whose declaration refers to the type `type`. If no such export
 * exists, returns one that refers to the type through the declarations of other types.
 */
function userOf(type: Declaration, pages: readonly Page[]): { page: Page; name: string } | undefined {
  const seen = new Set([type]);
  for (let types: readonly Declaration[] = [type]; types.length > 0; ) {
    const names = types.map(({ declared }) => declared).join("|");
    const [word, result] = [new RegExp(`\\b(?:${names})\\b`), new RegExp(`\\): (?:readonly )?(?:${names})\\b`)];
    const users: Declaration[] = [];
    for (const page of pages) {
      const own = page.declarations.filter((other) => !seen.has(other) && word.test(other.text));
      const shown = own.filter(({ name }) => page.anchors.has(name));
      // The function `pad` is the best example of the type `PadOptions`, and `trace` of its result, a `Program`.
      const isNamesake = ({ name }: Declaration) => type.name.toLowerCase().startsWith(name.toLowerCase());
      const found = shown.find(isNamesake) ?? shown.find(({ text }) => result.test(text)) ?? shown[0];
      if (found !== undefined) return { page, name: found.name };
      users.push(...own);
    }
    for (const user of users) seen.add(user);
    types = users;
  }
  return undefined;
}

/** Returns the ids that GitHub and the site give to the entries with an example. */
function anchorsOf(text: string): Map<string, string> {
  const slugger = new Slugger();
  const anchors = new Map<string, string>();
  const shown = new Set(
    [...text.matchAll(entries)].flatMap(([whole, name = ""]) => (whole.includes(exampleStart) ? [name] : [])),
  );
  for (const [, level = "", heading = ""] of text.replaceAll(/^```.*?^```$/gms, "").matchAll(/^(#+) (.*)$/gm)) {
    const id = slugger.slug(heading.replaceAll("\\", ""));
    const name = heading.replace("()", "");
    if (level === "###" && shown.has(name)) anchors.set(name, id);
  }
  return anchors;
}
