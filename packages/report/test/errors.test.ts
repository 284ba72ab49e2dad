import * as report from "@wengert/report";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { functionNames, testMistakes } from "../../ops/test/mistakesTest.ts";
import { sourcesOf } from "../../ops/test/sources.ts";
import { lenient, mistakes, prelude } from "./mistakes.ts";

testMistakes({
  prelude,
  mistakes,
  scope: { ...core, ...ops, ...report },
  sources: sourcesOf("report"),
  speakers: functionNames(report).filter((name) => !lenient.includes(name)),
});
