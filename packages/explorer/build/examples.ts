import { readdirSync, readFileSync } from "node:fs";
import type { Example } from "virtual:examples";
import type { Plugin } from "vite";
import { toJavaScript } from "../src/sandbox/typescript.ts";

const folder = new URL("../src/rooms/tape/examples/", import.meta.url).pathname;

/**
 * A Vite plugin that provides the example programs of the Tape room as the module `virtual:examples`. The first line of
 * each file is a comment with the title. Examples are named by their file name without its number, exercises by their
 * number, and the programs of the tour have the prefix `tour-`. The module also contains the programs as JavaScript, so that the page loads sucrase (which strips types) only
 * together with the editor.
 */
export function examples(): Plugin {
  return {
    name: "examples",
    resolveId: (id) => (id === "virtual:examples" ? `\0${id}` : undefined),
    load(id) {
      if (id !== "\0virtual:examples") return undefined;
      for (const path of paths()) this.addWatchFile(folder + path);
      return `export default ${JSON.stringify(paths().map(read))};`;
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

function read(path: string): Example {
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

export const allExamples = (): Example[] => paths().map(read);
