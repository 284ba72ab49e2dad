import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { DataError, type DType, ShapeError, type Tensor, tensor } from "@wengert/core";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { numbers } from "../../ops/test/support.ts";
import { fromOnnx } from "../src/index.ts";
import { operators } from "../src/operators/table.ts";
import { variants } from "./variants.ts";

// Imports the node tests of the ONNX project: one small model per operator and variant, with inputs and expected
// outputs. The Debian package python3-onnx generates these tests.

interface Array64 {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The elements as float64, in base 64. */
  readonly data: string;
}
interface Case {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly (Array64 | null)[];
  readonly outputs: readonly (Array64 | null)[];
  readonly rtol: number;
  readonly atol: number;
}

function generateCases(): Case[] {
  const folder = mkdtempSync(join(tmpdir(), "wengert-onnx-"));
  try {
    const file = join(folder, "cases.json");
    const script = new URL("nodeTests.py", import.meta.url).pathname;
    const { status, stderr } = spawnSync("/usr/bin/python3", [script, file], { encoding: "utf8" });
    if (status === 0) return JSON.parse(readFileSync(file, "utf8"));
    if (process.env.CI) throw new Error(stderr);
    return []; // python3-onnx is not installed
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Operators in the test suite of ONNX that `fromOnnx` does not import, by reason. */
const missingOperators: Readonly<Record<string, readonly string[]>> = {
  "quantized numbers": [
    ...["ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul"],
    ...["QuantizeLinear", "BitShift"],
  ],
  "texts, sequences and optional values": [
    ...["StringNormalizer", "TfIdfVectorizer", "Optional", "OptionalGetElement", "OptionalHasElement", "SequenceAt"],
    ...["SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SequenceLength", "SequenceMap"],
  ],
  "shapes that depend on values": ["NonMaxSuppression", "Unique"],
  "random numbers": ["Bernoulli", "RandomUniformLike"],
  "signal processing": ["BlackmanWindow", "DFT", "HammingWindow", "HannWindow", "MelWeightMatrix", "STFT"],
  "no rule": ["GridSample", "MaxUnpool", "RoiAlign"],
};

/** Variants of operators that `fromOnnx` does not import. */
const missingVariants = [
  /^MaxPool with 2 outputs$/,
  /^Cast to \w+$/,
  /^ScatterND with reduction "mul"$/,
  /^Resize with coordinate_transformation_mode "tf_crop_and_resize"$/,
];

/**
 * Tests whose expected numbers differ from the results of ONNX Runtime and PyTorch, because these tests do not round
 * the size of the resized image.
 */
const otherNumbers = /^test_resize_downsample_scales_(linear|cubic)_align_corners$/;

/** Element types without a dtype. */
const missingTypes =
  /^(u?int(8|16)|uint(32|64)|b?float16|string) inputs and outputs$|inputs and outputs that are not tensors/;

/** Other errors. */
const limits = [
  /^fromOnnx: the file has opset \d+,/, // and its operators changed in opset 13
  /^fromOnnx: invalid ONNX file: it imports no operator set of ONNX$/, // optimizers of ai.onnx.preview.training
  /^run: node 0 \(Dropout\): training_mode is true/,
  /^run: node 0 \(ConvTranspose\): .* has 3 spatial axes/,
];

const listed = new Set(Object.values(missingOperators).flat());
const seen = new Set<string>();

/**
 * Returns the unsupported operators, variants and types that an error message names, except those that the tests
 * expect.
 */
function unlisted(error: Error): string[] {
  if (limits.some((limit) => limit.test(error.message))) return [];
  const list = /^fromOnnx: not supported: (.*); export/.exec(error.message)?.[1];
  const items = list?.split(/ \(\d+\)(?:, |$)/).filter((item) => item !== "") ?? [error.message];
  for (const item of items) seen.add(item);
  return items.filter(
    (item) => !listed.has(item) && !missingTypes.test(item) && !missingVariants.some((variant) => variant.test(item)),
  );
}

const dtypes: Readonly<Record<string, DType>> = {
  float32: "float32",
  float64: "float64",
  int32: "int32",
  int64: "int32",
  bool: "bool",
};
const elementsOf = ({ data }: Array64) => new Float64Array(new Uint8Array(Buffer.from(data, "base64")).buffer);

function expectNear(y: Tensor, wanted: Array64, { rtol, atol }: Case): void {
  expect([y.dtype, y.shape]).toEqual([dtypes[wanted.dtype], wanted.shape]);
  const got = numbers(y);
  for (const [i, x] of elementsOf(wanted).entries()) {
    const isNear = Object.is(got[i], x) || got[i] === x || Math.abs(got[i]! - x) <= atol + rtol * Math.abs(x);
    if (!isNear) expect.fail(`element ${i}: ${got[i]} for ${x}`);
  }
}

const cases = generateCases();
const tested = new Set([...variants.map(([op]) => op), "If", "Loop"]); // fromOnnx.test.ts tests If and Loop
let passed = 0;

describe.skipIf(cases.length === 0)("the node test of the ONNX project", () => {
  test.each(cases)("$name passes, or throws an error for a listed reason", (each) => {
    let outputs: readonly Tensor[];
    try {
      const model = fromOnnx(Buffer.from(each.model, "base64"));
      outputs = model.run(
        ...each.inputs.map((x) => tensor(elementsOf(x!), { dtype: dtypes[x!.dtype], shape: x!.shape })),
      );
    } catch (error) {
      expect(error instanceof DataError || error instanceof ShapeError, String(error)).toBe(true);
      expect(unlisted(error as Error)).toEqual([]);
      return;
    }
    if (otherNumbers.test(each.name)) return;
    for (const [k, wanted] of each.outputs.entries()) expectNear(outputs[k]!, wanted!, each);
    const { graph } = fromBinary(ModelProtoSchema, Buffer.from(each.model, "base64"));
    for (const { opType } of graph!.node) tested.add(opType);
    passed++;
  });

  test("the README has their number, and each operator of the lists is in a test", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    expect(readme).toContain(`${passed} of ${cases.length} pass`);
    expect([...listed].filter((name) => !seen.has(name))).toEqual([]);
  });

  test("or a variant covers each operator that fromOnnx imports", () => {
    expect([...operators().keys()].filter((name) => !tested.has(name))).toEqual([]);
  });
});
