import type { Plugin } from "vite";
import { publicEntries, publicModel, sourcesOf } from "../../../tools/docs/model.mjs";

interface Declaration {
  readonly name: string;
  readonly module: string;
  readonly signature: string;
  readonly doc: string;
}

const modules: Readonly<Record<string, () => unknown>> = {
  "virtual:declarations": allDeclarations,
  "virtual:rules": allRules,
};

/**
 * A Vite plugin that provides two modules: `virtual:declarations`, the exports of core and ops, and `virtual:rules`,
 * the source code of the VJP rules.
 */
export function library(): Plugin {
  return {
    name: "library",
    resolveId: (id) => (id in modules ? `\0${id}` : undefined),
    load(id) {
      const content = modules[id.slice(1)];
      if (content === undefined) return undefined;
      for (const path of sourcesOf(publicEntries().filter(({ name }) => isInSandbox(name)))) this.addWatchFile(path);
      return `export default ${JSON.stringify(content())};`;
    },
  };
}

/** Whether programs in the explorer can import this module. */
const isInSandbox = (module: string): boolean => /^@wengert\/(core|ops)\b/.test(module);

export function allDeclarations(): Declaration[] {
  const shown = publicModel().modules.filter(({ name }) => isInSandbox(name));
  return shown.flatMap(({ name: module, exports }) =>
    exports
      .filter(({ kind }) => kind !== "type")
      .map(({ name, kind, doc, inputs, options }) => {
        const names = options.map((option) => (option.optional ? `${option.name}?` : option.name));
        const parameters = [...inputs, ...(names.length > 0 ? [`{ ${names.join(", ")} }`] : [])];
        return { name, module, signature: kind === "function" ? `${name}(${parameters.join(", ")})` : name, doc };
      }),
  );
}

/**
 * Returns the source code of the VJP rules by the name of the op. The page needs it as text, because its own bundle is
 * minified.
 */
export function allRules(): Readonly<Record<string, readonly string[]>> {
  return publicModel().rules;
}
