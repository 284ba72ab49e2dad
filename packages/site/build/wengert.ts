import type * as coreIndex from "@wengert/core";
import type * as coreExtend from "@wengert/core/extend";
import type * as opsIndex from "@wengert/ops";
import type * as opsExtend from "@wengert/ops/extend";
import { createServer } from "vite";
import { root } from "./pages.ts";

export type Core = typeof coreIndex & typeof coreExtend;
export type Ops = typeof opsIndex & typeof opsExtend;

/** The library, loaded from its source files. */
export interface Wengert {
  readonly core: Core;
  readonly ops: Ops;
}

/**
 * Loads the library from its TypeScript files, so that the pages are up to date even if the compiled files in `dist`
 * are old.
 */
export async function loadWengert(): Promise<Wengert> {
  const conditions = ["@wengert/source", "module", "node"];
  const server = await createServer({
    root,
    configFile: false,
    logLevel: "error",
    appType: "custom",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    ssr: { resolve: { conditions }, noExternal: [/^@wengert\//] },
  });
  try {
    const load = async (path: string) => server.ssrLoadModule(`${root}packages/${path}.ts`);
    const [core, coreExtend] = [await load("core/src/index"), await load("core/src/extend")];
    const [ops, opsExtend] = [await load("ops/src/index"), await load("ops/src/extend")];
    return { core: { ...core, ...coreExtend } as Core, ops: { ...ops, ...opsExtend } as Ops };
  } finally {
    await server.close();
  }
}
