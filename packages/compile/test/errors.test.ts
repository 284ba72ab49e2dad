import * as exported from "@wengert/compile";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { functionNames, testMistakes } from "../../ops/test/mistakesTest.ts";
import { sourcesOf } from "../../ops/test/sources.ts";
import { mistakes, prelude } from "./mistakes.ts";

testMistakes({
  prelude,
  mistakes,
  scope: { ...core, ...ops, ...exported },
  sources: sourcesOf("compile"),
  speakers: functionNames(exported),
});
