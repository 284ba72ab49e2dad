import type { Plugin } from "vite";
import { declarationsOf } from "../../../tools/declarations.mjs";

const ops = new URL("../../ops/src/index.ts", import.meta.url).pathname;

/** What ops exports, with signature and doc comment, read from its sources: `virtual:declarations`. */
export function declarations(): Plugin {
  return {
    name: "declarations",
    resolveId: (id) => (id === "virtual:declarations" ? `\0${id}` : undefined),
    load(id) {
      if (id !== "\0virtual:declarations") return undefined;
      this.addWatchFile(ops);
      const all = declarationsOf(ops).map(({ name, inputs, options, doc }) => ({
        name,
        signature: `${name}(${[...inputs, ...(options.length > 0 ? [optionsText(options)] : [])].join(", ")})`,
        doc,
      }));
      return `export default ${JSON.stringify(all)};`;
    },
  };
}

const optionsText = (options: readonly { name: string; optional: boolean }[]): string =>
  `{ ${options.map(({ name, optional }) => (optional ? `${name}?` : name)).join(", ")} }`;
