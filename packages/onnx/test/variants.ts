import type { Tensor } from "@wengert/core";
import { tensor } from "@wengert/core";
import { random } from "../../ops/test/support.ts";
import { integers, node, onnxFile, value } from "./onnxFile.ts";

// Nodes for operators, and for newer versions of operators, that the node tests of the ONNX project do not contain.

const float32 = (shape: readonly number[], seed = 1) => tensor(random(shape, seed), { dtype: "float32" });

type Attributes = Parameters<typeof node>[3];

/**
 * An operator with its inputs and attributes. Among the inputs, a list of whole numbers stands for an int64 constant,
 * and null stands for a missing input.
 */
export type Variant = readonly [
  op: string,
  inputs: readonly (Tensor | readonly number[] | null)[],
  attributes?: Attributes,
  options?: { readonly opset?: number; readonly outputs?: number },
];

const int32 = (shape: readonly number[], below: number) => {
  const size = shape.reduce((n, each) => n * each, 1);
  return tensor(
    Array.from({ length: size }, (_, i) => (i * 7) % below),
    { shape, dtype: "int32" },
  );
};
const scales = tensor([1, 1, 2, 2], { dtype: "float32" });
const x = float32([2, 3, 4]);
const image = float32([2, 4, 5, 6], 2);
const sequence = float32([1, 4, 7], 3);
const mask = tensor([[true, false, false], [false, false, false]]); // biome-ignore format: a matrix
const recurrent = (gates: number, directions: number) => [
  float32([5, 2, 3], 4),
  float32([directions, gates * 4, 3], 5),
  float32([directions, gates * 4, 4], 6),
  float32([directions, gates * 8], 7),
];

/**
 * The body of a Scan that computes a cumulative sum: it adds an entry of the list to the carried sum, and outputs the
 * sum.
 */
const running = {
  name: "running",
  input: [value("sum", []), value("entry", [])],
  output: [value("next", []), value("copy", [])],
  node: [node("Add", ["sum", "entry"], ["next"]), node("Identity", ["next"], ["copy"])],
};

export const variants: readonly Variant[] = [
  ["Gelu", [x]],
  ["Gelu", [x], { approximate: "tanh" }],
  ["Mish", [x]],
  ["Celu", [x], { alpha: { float: 2 } }],
  ["HardSwish", [x]],
  ["LpNormalization", [x], { axis: 1, p: 1 }],
  ["LpNormalization", [x], { axis: -1 }],
  ["GroupNormalization", [image, float32([4], 3), float32([4], 4)], { num_groups: 2 }],
  ["GroupNormalization", [image, float32([2], 3), float32([2], 4)], { num_groups: 2 }, { opset: 20 }],
  ["BatchNormalization", [image, float32([4], 3), float32([4], 4), float32([4], 5), tensor([0.5, 1, 2, 3], { dtype: "float32" })]], // biome-ignore format: one node a line
  ["LayerNormalization", [x, float32([3, 4], 2), float32([3, 4], 3)], { axis: 1 }, { outputs: 3 }],
  ...["Sum", "Mean", "Prod", "Max", "Min", "L1", "L2", "SumSquare", "LogSumExp"].flatMap((name): Variant[] => [
    [`Reduce${name}`, [x, [-1, 0]], { keepdims: 0 }],
    ...(name === "Sum" ? [] : [[`Reduce${name}`, [x], { axes: [1] }, { opset: 17 }] as Variant]),
  ]),
  ["ReduceMax", [mask, [1]]],
  ["ReduceMin", [mask, [0]]],
  ["Split", [x], { axis: 1, num_outputs: 2 }, { outputs: 2 }],
  ["Split", [x, [1, 3]], { axis: -1 }, { outputs: 2 }],
  ["Pad", [x, [1, 0, 2, -1], null, [1, 2]]],
  ["Pad", [x, [0, 1, 2, 0, 1, 1]], { mode: "reflect" }],
  ["Pad", [x, [0, 1, 5, 0, 1, 1]], { mode: "edge" }],
  ["Pad", [x, [0, 1, 3, 0, 2, 1]], { mode: "wrap" }],
  ["Pad", [x, [0, 1, 3, 0, 2, 1], tensor(7, { dtype: "float32" })]],
  ["MaxPool", [image], { kernel_shape: [2, 3], strides: [2, 2], dilations: [2, 1], ceil_mode: 1 }],
  ["MaxPool", [sequence], { kernel_shape: [3], strides: [2], auto_pad: "SAME_LOWER" }],
  ["MaxPool", [float32([1, 2, 4, 4, 4])], { kernel_shape: [2, 2, 2], strides: [2, 1, 2], pads: [1, 0, 1, 1, 0, 0] }],
  ["AveragePool", [image], { kernel_shape: [2, 2], dilations: [2, 2] }],
  ["AveragePool", [image], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2], ceil_mode: 1 }],
  ["AveragePool", [sequence], { kernel_shape: [3], pads: [1, 1], count_include_pad: 1 }],
  ["Conv", [image, float32([6, 2, 2, 3], 3), float32([6], 4)], { group: 2, dilations: [2, 1], strides: [1, 2] }],
  ["Conv", [image, float32([4, 1, 3, 3], 3)], { group: 4, auto_pad: "SAME_LOWER", strides: [2, 2] }],
  ["Conv", [sequence, float32([2, 4, 3], 3)], { pads: [2, 0] }],
  [
    "ConvTranspose",
    [image, float32([4, 3, 2, 3], 3), float32([6], 4)],
    { group: 2, strides: [2, 3], output_padding: [1, 2] },
  ],
  ["ConvTranspose", [image, float32([4, 2, 3, 3], 3)], { strides: [2, 2], output_shape: [10, 12] }],
  ["ConvTranspose", [image, float32([4, 2, 3, 3], 3)], { strides: [2, 2], auto_pad: "SAME_UPPER" }],
  ["ConvTranspose", [sequence, float32([4, 2, 3], 3)], { pads: [1, 2], dilations: [2] }],
  ["Resize", [image, null, null, [2, 4, 8, 9]], { mode: "linear" }],
  [
    "Resize",
    [image, null, null, [7, 3]],
    { mode: "cubic", axes: [2, 3], coordinate_transformation_mode: "align_corners" },
  ],
  [
    "Resize",
    [image, null, tensor([1, 1, 2, 2], { dtype: "float32" })],
    { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
  ],
  [
    "Resize",
    [image, null, tensor([1, 1, 0.7, 1.7], { dtype: "float32" })],
    { mode: "linear", coordinate_transformation_mode: "half_pixel_symmetric" },
  ],
  ["Resize", [image, null, tensor([1, 1, 0.7, 1.7], { dtype: "float32" })], { mode: "nearest" }],
  ["LSTM", recurrent(4, 2), { direction: "bidirectional", hidden_size: 4 }, { outputs: 3 }],
  [
    "LSTM",
    recurrent(4, 1),
    { direction: "reverse", hidden_size: 4, activations: ["Sigmoid", "Relu", "Tanh"] },
    { outputs: 3 },
  ],
  ["GRU", recurrent(3, 2), { direction: "bidirectional", hidden_size: 4, linear_before_reset: 1 }, { outputs: 2 }],
  ["GRU", recurrent(3, 1), { hidden_size: 4 }, { outputs: 2 }],
  [
    "RNN",
    recurrent(1, 2),
    { direction: "bidirectional", hidden_size: 4, activations: ["Relu", "Tanh"] },
    { outputs: 2 },
  ],
  ["Einsum", [float32([2, 3, 4]), float32([2, 4, 3], 2)], { equation: "...ij, ...jk -> ...ik" }],
  ["CumSum", [x, [-1]], { exclusive: 1, reverse: 1 }],
  ["TopK", [x, [2]], { axis: 1, largest: 0 }, { outputs: 2 }],
  ["Clip", [x, float32([], 8)]],
  ["IsInf", [x], { detect_negative: 0 }],
  ["DepthToSpace", [image], { blocksize: 2, mode: "CRD" }],
  ["Squeeze", [float32([1, 3, 1])]],
  ["Flatten", [x], { axis: -1 }],
  ["NonZero", [mask]],
  ["Det", [float32([2, 3, 3])]],
  [
    "Scan",
    [tensor(1, { dtype: "float32" }), float32([5])],
    { body: running, num_scan_inputs: 1, scan_input_directions: [1] },
    { outputs: 2 },
  ],
  [
    "Scan",
    [tensor(1, { dtype: "float32" }), float32([5])],
    { body: running, num_scan_inputs: 1, scan_output_directions: [1] },
    { outputs: 2 },
  ],
  [
    "Scan",
    [tensor(1, { dtype: "float32" }), float32([5])],
    { body: running, num_scan_inputs: 1, scan_input_directions: [1], scan_output_directions: [1] },
    { outputs: 2 },
  ],
];

/** Operators in the form that they had before opset 13, with attributes in place of inputs and with other defaults. */
export const olderVariants: readonly Variant[] = [
  ["Clip", [x], { min: { float: -0.5 }, max: { float: 0.25 } }, { opset: 9 }],
  ["Clip", [x], { max: { float: 0.25 } }, { opset: 10 }],
  ["Clip", [x, tensor(-0.5, { dtype: "float32" })], {}, { opset: 11 }],
  ["Pad", [x], { pads: [0, 1, 2, 0, 0, 1] }, { opset: 9 }],
  ["Pad", [x], { pads: [0, 1, 2, 0, 0, 1], mode: "reflect" }, { opset: 10 }],
  ["Pad", [x], { pads: [1, 0, 0, 0, 0, 1], value: { float: 2.5 } }, { opset: 10 }],
  ["Pad", [x, [0, 1, 2, 0, 0, 1]], {}, { opset: 12 }],
  ["Slice", [x], { starts: [1, 0], ends: [2147483647, -1], axes: [0, 2] }, { opset: 9 }],
  ["Slice", [x], { starts: [0, 1], ends: [1, 3] }, { opset: 9 }],
  ["Slice", [x, [1], [3], [1]], {}, { opset: 10 }],
  ["Squeeze", [float32([1, 3, 1])], { axes: [0] }, { opset: 9 }],
  ["Squeeze", [float32([1, 3, 1])], {}, { opset: 11 }],
  ["Unsqueeze", [x], { axes: [0, 4] }, { opset: 12 }],
  ["ReduceSum", [x], { axes: [1], keepdims: 0 }, { opset: 9 }],
  ["ReduceSum", [x], {}, { opset: 11 }],
  ["Split", [x], { axis: 2, split: [1, 3] }, { opset: 9, outputs: 2 }],
  ["Split", [x], { axis: 2 }, { opset: 12, outputs: 2 }],
  ["TopK", [x], { k: 2, axis: 1 }, { opset: 9, outputs: 2 }],
  ...["Softmax", "LogSoftmax", "Hardmax"].flatMap((name): Variant[] => [
    [name, [x], {}, { opset: 9 }],
    [name, [x], { axis: 2 }, { opset: 11 }],
    [name, [x], { axis: 0 }, { opset: 12 }],
  ]),
  ["Softmax", [x], { axis: -1 }, { opset: 11 }],
  ["Dropout", [x], { ratio: { float: 0.3 } }, { opset: 10 }],
  ["Upsample", [image, scales], { mode: "nearest" }, { opset: 9 }],
  ["Upsample", [image, scales], { mode: "linear" }, { opset: 9 }],
  ["Resize", [image, scales], { mode: "nearest" }, { opset: 10 }],
  ["Scatter", [x, int32([2, 1, 4], 3), float32([2, 1, 4], 8)], { axis: 1 }, { opset: 10 }],
  ["BatchNormalization", [image, float32([4], 3), float32([4], 4), float32([4], 5), tensor([0.5, 1, 2, 3], { dtype: "float32" })], {}, { opset: 9 }], // biome-ignore format: one node a line
];

/** Returns an ONNX file with a single node, and the tensors to pass as inputs. */
export function fileOf([op, given, attributes = {}, { opset = 22, outputs = 1 } = {}]: Variant) {
  const isTensor = (each: unknown): each is Tensor => each !== null && !Array.isArray(each);
  const names = given.map((each, i) => (each === null ? "" : `x${i}`));
  const results = Array.from({ length: outputs }, (_, k) => `y${k}`);
  const types = { float32: 1, float64: 11, int32: 6, bool: 9 };
  const isIndex = ["NonZero"].includes(op);
  const typeOf = (k: number) => (isIndex || (op === "TopK" && k === 1) ? 7 : op === "IsInf" ? 9 : undefined);
  const bytes = onnxFile(
    {
      name: "variant",
      input: given.flatMap((each, i) => (isTensor(each) ? [value(names[i]!, each.shape, types[each.dtype])] : [])),
      initializer: given.flatMap((each, i) =>
        Array.isArray(each) ? [integers(names[i]!, op === "CumSum" ? [] : [each.length], each)] : [],
      ),
      node: [node(op, names, results, attributes)],
      output: results.map((name, k) => untyped(name, typeOf(k) ?? (given.find(isTensor)!.dtype === "bool" ? 9 : 1))),
    },
    { irVersion: opset > 20 ? 10n : 8n, opsetImport: [{ domain: "", version: BigInt(opset) }] },
  );
  return { bytes, inputs: given.filter(isTensor) };
}

/** Describes an output of a graph without giving its shape. */
const untyped = (name: string, elemType: number) => ({
  name,
  type: { value: { case: "tensorType" as const, value: { elemType } } },
});
