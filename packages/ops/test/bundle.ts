import { build, type Rollup } from "vite";

export interface Bundle {
  readonly code: string;
  /** The size in bytes of each module in the bundle, such as `core/src/tape.ts`, before minification. */
  readonly modules: Readonly<Record<string, number>>;
}

/**
 * Bundles and minifies the source text `program` with its imports, as `vite build` does. `plugins` may replace modules.
 */
export async function bundle(program: string, format: "iife" | "es", ...plugins: Rollup.Plugin[]): Promise<Bundle> {
  const { output } = (await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@wengert/source"] },
    build: { write: false, target: "es2022", rolldownOptions: { input: "program", output: { format } } },
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === "program" ? `${import.meta.dirname}/program.js` : undefined),
        load: (id) => (id.endsWith("/program.js") ? program : undefined),
      },
      ...plugins,
    ],
  })) as Rollup.RollupOutput;
  // The bundler may move modules to chunks that the entry imports. A page loads them all, but not the chunks that are
  // imported on demand.
  const chunks = output.filter((each) => each.type === "chunk");
  const loaded = new Set([chunks[0]!]);
  for (const { imports } of loaded) for (const each of chunks) if (imports.includes(each.fileName)) loaded.add(each);
  const sizes = [...loaded].flatMap(({ modules }) =>
    Object.entries(modules).map(([id, { renderedLength }]) => [moduleName(id), renderedLength] as const),
  );
  return {
    code: Array.from(loaded, ({ code }) => code).join("\n"),
    modules: Object.fromEntries(sizes.filter(([, size]) => size > 0)),
  };
}

const moduleName = (id: string): string => id.replace(/^.*\/(?:packages|node_modules)\//, "").replaceAll("\0", "");
