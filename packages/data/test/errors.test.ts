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

testMistakes({
  prelude,
  mistakes,
  scope: { ...core, ...ops, ...data, folder, inPage, packed },
  sources: sourcesOf("data"),
  speakers: functionNames(data),
  normalizeText: (text) => text.replaceAll(`${folder}/`, ""),
});
