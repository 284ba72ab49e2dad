import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as data from "@wengert/data";
import { afterAll } from "vitest";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { functionNames, inPage, testMistakes } from "../../ops/test/mistakesTest.ts";
import { sourcesOf } from "../../ops/test/sources.ts";
import { mistakes, prelude } from "./mistakes.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-mistakes-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Compresses bytes with gzip. */
const packed = (bytes: Uint8Array): File => new File([new Uint8Array(gzipSync(bytes))], "packed.gz");

/** Runs `body` while the process appears to have only the given number of bytes of free memory. */
async function withMemory<T>({ heap = 2 ** 32, machine = 2 ** 32 }, body: () => Promise<T>): Promise<T> {
  const { getBuiltinModule } = process;
  const { rss } = process.memoryUsage;
  const modules: Readonly<Record<string, object>> = {
    "node:v8": { getHeapStatistics: () => ({ heap_size_limit: heap, used_heap_size: 0 }) },
    "node:os": { totalmem: () => machine },
  };
  try {
    Object.assign(process, { getBuiltinModule: (name: string) => modules[name] });
    Object.assign(process.memoryUsage, { rss: () => 0 });
    return await body();
  } finally {
    Object.assign(process, { getBuiltinModule });
    Object.assign(process.memoryUsage, { rss });
  }
}

testMistakes({
  prelude,
  mistakes,
  scope: { ...core, ...ops, ...data, folder, inPage, packed, withMemory },
  sources: sourcesOf("data"),
  speakers: functionNames(data),
  normalizeText: (text) => text.replaceAll(`${folder}/`, ""),
});
