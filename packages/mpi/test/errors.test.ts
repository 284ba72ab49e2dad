import { compile } from "@wengert/compile";
import * as mpi from "@wengert/mpi";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { functionNames, testMistakes } from "../../ops/test/mistakesTest.ts";
import { sourcesOf } from "../../ops/test/sources.ts";
import { fakeKoffi, onPlatform, withEnv, withKoffi } from "./fake.ts";
import { mistakes, prelude } from "./mistakes.ts";

testMistakes({
  prelude,
  mistakes,
  scope: { ...core, ...ops, ...mpi, compile, fakeKoffi, onPlatform, withEnv, withKoffi },
  sources: sourcesOf("mpi"),
  speakers: functionNames(mpi),
});
