import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as train from "@wengert/train";
import { afterAll } from "vitest";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { functionNames, inPage, testMistakes } from "../../ops/test/mistakesTest.ts";
import { sourcesOf } from "../../ops/test/sources.ts";
import { meanOverRanks } from "../src/parallel/mean.ts";
import { onSystem } from "./files/system.ts";
import { mistakes, prelude } from "./mistakes.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-mistakes-"));
afterAll(() => rmSync(folder, { recursive: true }));

testMistakes({
  prelude,
  mistakes,
  scope: { ...core, ...ops, ...train, meanOverRanks, folder, inPage, onSystem },
  sources: sourcesOf("train"),
  speakers: functionNames(train),
  normalizeText: (text) => text.replaceAll(`${folder}/`, ""),
});
