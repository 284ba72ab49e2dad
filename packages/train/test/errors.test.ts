import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as core from "@wengert/core";
import * as ops from "@wengert/ops";
import * as train from "@wengert/train";
import * as data from "@wengert/train/data";
import * as report from "@wengert/train/report";
import { afterAll } from "vitest";
import { sourcesOf } from "../../ops/test/sources.ts";
import { testMistakes } from "../../ops/test/told.ts";
import { builtin } from "../src/platform.ts";
import { onSystem } from "./files/system.ts";
import { mistakes, prelude, silent } from "./mistakes.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-mistakes-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What `body` comes to in a page, where no module of Node's is to be had. */
async function inPage<T>(body: () => T): Promise<Awaited<T>> {
  const { getBuiltinModule } = process;
  try {
    Object.assign(process, { getBuiltinModule: undefined });
    return await body();
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
}

/** A gzip file of these bytes. */
const packed = (bytes: Uint8Array): File => new File([new Uint8Array(gzipSync(bytes))], "packed.gz");

const exported = { ...train, ...data, ...report };
const functions = Object.entries(exported).filter(
  ([name, value]) => typeof value === "function" && !/^[A-Z]/.test(name),
);

testMistakes({
  prelude,
  mistakes,
  scope: { ...core, ...ops, ...exported, folder, inPage, onSystem, builtin, packed },
  sources: sourcesOf("train"),
  speakers: functions.map(([name]) => name).filter((name) => !(name in silent)),
  shown: (text) => text.replaceAll(`${folder}/`, ""),
});
