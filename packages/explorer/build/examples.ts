import { readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { toJavaScript } from "../src/sandbox/typescript.ts";

const folder = new URL("../src/rooms/tape/examples/", import.meta.url).pathname;

/**
 * The programs of the Tape room, `virtual:examples`: files that the compiler checks like any other. The first line is a
 * comment with the title, the name what comes after the number. They come with their JavaScript, so that what strips types is
 * loaded only with the editor.
 */
export function examples(): Plugin {
  return {
    name: "examples",
    resolveId: (id) => (id === "virtual:examples" ? `\0${id}` : undefined),
    load(id) {
      if (id !== "\0virtual:examples") return undefined;
      const all = readdirSync(folder)
        .sort()
        .map((file) => {
          this.addWatchFile(folder + file);
          const [first = "", ...lines] = readFileSync(folder + file, "utf8").split("\n");
          const code = lines.join("\n");
          const { javascript, error } = toJavaScript(code);
          if (error) throw new Error(`${file}: ${error.message}`);
          return { name: file.replace(/^\d+-|\.ts$/g, ""), title: first.replace(/^\/\/ /, ""), code, javascript };
        });
      return `export default ${JSON.stringify(all)};`;
    },
  };
}
