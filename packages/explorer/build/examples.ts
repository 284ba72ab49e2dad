import { readdirSync, readFileSync } from "node:fs";
import type { Example } from "virtual:examples";
import type { Program } from "virtual:programs/example";
import type { Plugin } from "vite";
import { toJavaScript } from "../src/sandbox/typescript.ts";

const folder = new URL("../src/rooms/tape/examples/", import.meta.url).pathname;

/**
 * A Vite plugin that provides the example programs of the Tape room. The module `virtual:examples` has their names and
 * titles, and the modules `virtual:programs/KIND` have their code, which the page loads when it shows a program of this
 * kind. The first line of each file is a comment with the title. Examples are named by their file name without its number,
 * exercises by their number, and the programs of the tour have the prefix `tour-`. The modules also contain the programs
 * as JavaScript, so that the page loads sucrase (which strips types) only together with the editor.
 */
export function examples(): Plugin {
  return {
    name: "examples",
    resolveId: (id) => (/^virtual:(examples|programs\/\w+)$/.test(id) ? `\0${id}` : undefined),
    load(id) {
      const [, kind] = /^\0virtual:(?:examples|programs\/(\w+))$/.exec(id) ?? [];
      if (!id.startsWith("\0virtual:examples") && kind === undefined) return undefined;
      for (const path of paths()) this.addWatchFile(folder + path);
      const all = allExamples();
      if (kind === undefined)
        return `export default ${JSON.stringify(all.map(({ name, title, kind }) => ({ name, title, kind })))};`;
      const programs = all.filter((each) => each.kind === kind);
      const entries = programs.map(({ name, code, javascript }) => [name, { code, javascript }]);
      return `export default ${JSON.stringify(Object.fromEntries(entries))};`;
    },
  };
}

/** Returns the paths of the example programs by number, followed by the exercises and the programs of the tour. */
const paths = (): string[] =>
  ["", "exercises/", "tour/"].flatMap((under) =>
    readdirSync(folder + under)
      .filter((file) => file.endsWith(".ts"))
      .sort()
      .map((file) => under + file),
  );

function read(path: string): Example & Program {
  const [first = "", ...lines] = readFileSync(folder + path, "utf8").split("\n");
  const code = lines.join("\n");
  const { javascript, error } = toJavaScript(code);
  if (error) throw new Error(`${path}: ${error.message}`);
  const number = /^exercises\/(\d+)/.exec(path)?.[1];
  const kind = number ? "exercise" : path.startsWith("tour/") ? "tour" : "example";
  const own = path.replace(/^(tour\/)?\d+-|\.ts$/g, "");
  const name = number ? `exercise-${Number(number)}` : kind === "tour" ? `tour-${own}` : own;
  return { name, title: first.replace(/^\/\/ /, ""), code, javascript, kind };
}

export const allExamples = (): (Example & Program)[] => paths().map(read);
