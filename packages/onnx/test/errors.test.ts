import * as compile from "@wengert/compile";
import * as onnx from "@wengert/onnx";
import * as ort from "onnxruntime-node";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { functionNames, testMistakes } from "../../ops/test/mistakesTest.ts";
import { sourcesOf } from "../../ops/test/sources.ts";
import { mistakes, prelude } from "./mistakes.ts";
import * as onnxFile from "./onnxFile.ts";

testMistakes({
  prelude,
  mistakes,
  scope: { ...core, ...ops, ...compile, ...onnx, ...onnxFile, ort },
  sources: sourcesOf("onnx"),
  speakers: functionNames(onnx),
});
