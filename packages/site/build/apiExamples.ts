import { readdirSync, readFileSync } from "node:fs";
import { publicEntries, publicModel } from "../../../tools/docs/model.mjs";
import { exampleStart } from "./markdown.ts";
import { root, type Source, titleOf } from "./pages.ts";

// Adds an example to each function and class in the API reference: the shortest program of the documentation that
// imports it. A test runs all programs of the documentation.

interface Program {
  readonly path: string;
  readonly page: string;
  readonly code: string;
  /** The imported names, each with its module in front, such as "@wengert/core grad". */
  readonly imports: ReadonlySet<string>;
}

const maxLines = 30;

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

/** Adds an example to each entry of an API page that has none. */
export function withExamples(sources: readonly Source[]): Source[] {
  const all = programs();
  const modules = new Map(publicEntries().map(({ name, report }) => [`api/${report}.md`, name]));
  const kinds = new Map(
    publicModel().modules.flatMap(({ name: module, exports }) =>
      exports.map(({ name, kind }) => [`${module} ${name}`, kind] as const),
    ),
  );
  return sources.map((source) => {
    const module = modules.get(source.path);
    if (module === undefined) return source;
    const entry = /^### ([\w$]+)(?:\(\))?\n\n(.*?)(?=^\*\*\*$|^#{1,3} |(?![\s\S]))/gms;
    const text = source.text.replaceAll(entry, (whole, name: string) => {
      const kind = kinds.get(`${module} ${name}`);
      if (whole.includes(exampleStart) || (kind !== "function" && kind !== "class")) return whole;
      const program = all.find(({ imports }) => imports.has(`${module} ${name}`));
      if (program === undefined) return whole;
      const { path, page, code } = program;
      return `${whole.trimEnd()}\n\n${exampleStart}\n\n\`\`\`ts\n${code}\`\`\`\n\nFrom [${page}](/${path}).\n\n</details>\n\n`;
    });
    return { ...source, text };
  });
}
