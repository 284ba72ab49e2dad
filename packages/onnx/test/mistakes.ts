// Erroneous calls, as a user might write them: every way to make a function of onnx throw.
//
// Run `npx vitest run --project onnx errors -u` after adding a call, and read errors.snapshot.md as a user would.

import type { Chapter } from "../../ops/test/mistakesTest.ts";

/** The code that runs before each erroneous call. */
export const prelude = `
const x = zeros([2, 3], { label: "x" });
const program = trace((x) => exp(x), x);
const engine = onnx(ort);
const images = (dtype) => [zeros([1, 3, 3, 1], { dtype }), zeros([2, 2, 1, 1], { dtype })];
const relu = { input: [value("x", ["N", 3])], output: [value("y", ["N", 3])], node: [node("Relu", ["x"], ["y"])] };
const file = (graph, model) => onnxFile({ ...relu, ...graph }, model); // a file with one Relu, except for the arguments
const nodes = (...node) => file({ node });
const weight = (tensor) => file({ initializer: [{ name: "w", dataType: 1, ...tensor }] });
const body = { input: [value("i", [], 7), value("go", [], 9), value("a", [])], output: [value("go", []), value("a", []), value("i", [])] };
const model = fromOnnx(file());
const zeros32 = (shape, options) => zeros(shape, { dtype: "float32", ...options });
const twice = (f, dtype) => [trace(f, zeros([4, 3], { dtype, label: "x" })), { otherSize: trace(f, zeros([8, 3], { dtype, label: "x" })) }];
const half = { dataType: 10, dims: [1n], rawData: new Uint8Array(2) };
`;

export const mistakes: Chapter = {
  toOnnx: [
    "toOnnx()",
    "toOnnx((x) => exp(x))",
    "toOnnx(record((x) => exp(x), x))",
    "toOnnx(program, { version: 17 })",
    "toOnnx(program, { opset: 12 })",
    "toOnnx(program, { opset: '17' })",
    "toOnnx(program, { name: '' })",
    "toOnnx(program, 17)",
    "toOnnx(trace((x) => lgamma(x), x))",
    "toOnnx(trace((A) => [inv(A), svd(A).S, inv(transpose(A))], zeros([3, 3])))",
    "toOnnx(trace((h) => scan((h) => [digamma(h), h], h, undefined, { length: 3 }), zeros([2])))",
    "toOnnx(trace((x) => add(x, broadcastTo(1, { shape: [2 ** 28] })), zeros([])))",
    "toOnnx(trace((x, k) => conv2d(x, k), ...images('int32')))",
    "toOnnx(trace(grad((W) => sum(square(take(W, [0, 0], { axis: 0 })))), x), { opset: 15 })",
    "toOnnx(program, { dimension: '' })",
    "toOnnx(program, { otherSize: 12 })",
    "toOnnx(program, { otherSize: record((x) => exp(x), x) })",
    "toOnnx(program, { otherSize: program })",
    "toOnnx(program, { otherSize: trace((x) => exp(exp(x)), x) })",
    "toOnnx(program, { otherSize: trace((x) => exp(x), zeros([4, 3], { label: 'y' })) })",
    "toOnnx(program, { otherSize: trace((x) => exp(x), zeros([2, 3, 4])) })",
    "toOnnx(program, { otherSize: trace((x) => exp(x), zeros([1, 3])) })",
    "toOnnx(program, { otherSize: trace((x) => exp(x), zeros([3, 3])) })",
    "toOnnx(program, { otherSize: trace((x) => exp(x), zeros([4, 6])) })",
    "toOnnx(...twice((x) => (x.shape[0] > 4 ? sub(x, exp(x)) : sub(exp(x), x))))",
    "toOnnx(...twice((x) => mul(x, tensor(x.shape[0] > 4 ? [1, 2, 3] : [1, 1, 1]))))",
    "toOnnx(...twice((x) => mul(x, tensor(x.shape[0] > 4 ? [0.5, 0.1, 0.2] : [0.5, 0.5, 0.5]))))",
    "toOnnx(...twice((x) => mul(x, Math.sqrt(x.shape[0]))))",
    "toOnnx(...twice((x) => add(x, randomNormal(randomKey(1), { shape: x.shape }))))",
    "toOnnx(...twice((x) => cumprod(x, { axis: 0 })))",
    "toOnnx(...twice((x) => reshape(outer(x, x), { shape: [9 * x.shape[0] ** 2] })))",
    "toOnnx(...twice((x) => slice(x, { stop: [x.shape[0] / 2, 3] })))",
    "toOnnx(...twice((x) => maxPool2d(reshape(x, { shape: [1, ...x.shape, 1] }), { size: [x.shape[0], 1] }), 'float32'))",
  ],
  onnx: [
    "onnx()",
    "onnx(Promise.resolve(ort))",
    "onnx(ort, { threads: 0 })",
    "onnx(ort, { thread: 2 })",
    "onnx(ort, { providers: 'cpu' })",
    "onnx(ort, { providers: [] })",
    "onnx(ort, { opset: 12 })",
    "onnx(ort, { sessionOptions: 'all' })",
  ],
  "calls that ONNX Runtime runs": [
    "await compile((x) => lgamma(x), { engine })(x)",
    "await compile((A) => [inv(A), svd(A).S, inv(transpose(A))], { engine })(zeros([3, 3]))",
    "await compile((x, k) => conv2d(x, k), { engine })(...images('int32'))",
    "await compile((x) => erf(x), { engine })(x)",
    "await compile((x) => exp(x), { engine: onnx(ort, { providers: ['tpu'] }) })(x)",
    "await compile((x) => exp(x), { engine: onnx(ort, { providers: ['webgpu'] }) })(zeros([2000]))",
    "await compile((x) => (x.item() > 0 ? x : neg(x)), { engine })(x)",
    "await compile((x, labels) => crossEntropy(x, labels), { engine })(x, tensor([0, 3], { dtype: 'int32' }))",
    "grad(compile((x) => sum(exp(x)), { engine }))(x)",
  ],
  fromOnnx: [
    "fromOnnx()",
    "fromOnnx('model.onnx')",
    "fromOnnx(file(), { dtype: 'float64' })",
    "fromOnnx(file(), { parameters: true })",
    "fromOnnx(file(), { externalData: 'folder' })",
    "fromOnnx(file(), { externalData: { 'w.bin': [1, 2] } })",
    "# a file with another version, or with operators and element types that have no counterpart",
    "fromOnnx(file({}, { opsetImport: [{ domain: '', version: 8n }] }))",
    "fromOnnx(file({}, { opsetImport: [{ domain: '', version: 23n }] }))",
    "fromOnnx(nodes(node('Unique', ['x'], ['a']), node('Unique', ['x'], ['b']), { ...node('Gelu', ['x'], ['y']), domain: 'com.microsoft' }))",
    "fromOnnx(nodes(node('Cast', ['x'], ['a'], { to: 10 }), node('Relu', ['x'], ['y'], { slope: 2 })))",
    "fromOnnx(nodes(node('Pad', ['x', 'x'], ['a'], { mode: 'symmetric' }), node('MaxPool', ['x'], ['y', 'at'])))",
    "fromOnnx(weight(half))",
    "fromOnnx(nodes(node('Constant', [], ['y'], { value: half })))",
    "fromOnnx(file({ input: [value('x', [3], 8)], output: [{ name: 'y', type: { value: { case: 'sequenceType', value: {} } } }] }))",
    "# an invalid graph",
    "fromOnnx(file({ output: [] }))",
    "fromOnnx(file({ output: [value('z', [3])] }))",
    "fromOnnx(nodes(node('Relu', ['y'], ['z']), node('Relu', ['z'], ['y'])))",
    "fromOnnx(nodes(node('Relu', ['z'], ['y'])))",
    "fromOnnx(nodes(node('Relu', ['x'], ['y']), node('Abs', ['x'], ['y'])))",
    "fromOnnx(file({ input: [value('', [3])] }))",
    "fromOnnx(nodes(node('Add', ['x'], ['y'])))",
    "fromOnnx(nodes({ ...node('Relu', ['x', 'x'], ['y']), name: 'activation' }))",
    "fromOnnx(nodes(node('Concat', [], ['y'])))",
    "fromOnnx(nodes(node('Relu', ['x'], [])))",
    "fromOnnx(nodes(node('Softmax', ['x'], ['y'], { axis: 'last' })))",
    "fromOnnx(nodes(node('Scan', ['x'], ['y'])))",
    "fromOnnx(file({ sparseInitializer: [{}] }))",
    "# an invalid tensor",
    "fromOnnx(weight({ dims: [2n], floatData: [1] }))",
    "fromOnnx(weight({ dims: [2n], rawData: new Uint8Array(7) }))",
    "fromOnnx(weight({ dims: [2n ** 31n, 2n ** 31n] }))",
    "fromOnnx(weight({ dataType: 7, dims: [1n], int64Data: [2n ** 40n] }))",
    "fromOnnx(weight({ dims: [2n], dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] }))",
    "fromOnnx(weight({ dims: [2n], dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] }), { externalData: { 'w.bin': new Uint8Array(4) } })",
    "fromOnnx(weight({ dims: [2n], dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }, { key: 'offset', value: '-1' }] }), { externalData: { 'w.bin': new Uint8Array(8) } })",
    "# invalid bytes",
    "fromOnnx(new Uint8Array([1, 2, 3]))",
    "fromOnnx(new Uint8Array([0, 0]))",
    "fromOnnx(new Uint8Array([0x0f, 0]))",
    "fromOnnx(new Uint8Array([0x3d, 0, 0, 0, 0]))",
    "fromOnnx(new Uint8Array([0x08, ...Array(9).fill(0xff), 2]))",
    "fromOnnx(new Uint8Array([0x08, 0xff]))",
    "fromOnnx(new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 7]))",
    "fromOnnx(new Uint8Array([0x3a, 3, 0x0a, 1, 0xff]))",
    "fromOnnx(new Uint8Array([0x3a, 0, 0x3a, 0]))",
    "fromOnnx(file({}, { opsetImport: [] }))",
    "fromOnnx(file({}, { opsetImport: [{ domain: '', version: 17n }, { domain: 'ai.onnx', version: 13n }] }))",
  ],
  "run, of an imported model": [
    "model.run()",
    "model.run([[1, 2, 3]])",
    "model.run(x)",
    "model.run(zeros32([2, 4]))",
    "model.run(zeros32([3]))",
    "fromOnnx(file({ input: [{ name: 'x', type: { value: { case: 'tensorType', value: { elemType: 6 } } } }] })).run(x)",
    "fromOnnx(file({ input: [value('x', ['N', 3]), value('z', ['N', 3])] })).run(zeros32([2, 3]), zeros32([5, 3]))",
    "fromOnnx(file({ initializer: [floats('w', [1], [1])] }), { parameters: 'argument' }).run({}, zeros32([2, 3]))",
    "# A failing node is named in the message.",
    "fromOnnx(nodes({ ...node('MatMul', ['x', 'x'], ['y']), name: 'dense' })).run(zeros32([2, 3]))",
    "fromOnnx(nodes(node('Constant', [], ['zero'], { value: integers('', [], [0]) }), node('Loop', ['zero', '', 'x'], ['last', 'y'], { body }))).run(zeros32([2, 3]))",
    "fromOnnx(nodes(node('Trilu', ['x', 'x'], ['y']))).run(zeros32([2, 3]))",
    "fromOnnx(nodes(node('Flatten', ['x'], ['y'], { axis: 4 }))).run(zeros32([2, 3]))",
    "fromOnnx(file({ input: [value('x', [2, 3]), value('size', [1], 7)], node: [node('Expand', ['x', 'size'], ['y'])] })).program()",
  ],
  "program, of an imported model": [
    "model.program()",
    "model.program({ N: 2.5 })",
    "model.program({ batch: 2 })",
    "model.program(2)",
    "fromOnnx(file({ input: [{ name: 'x', type: { value: { case: 'tensorType', value: { elemType: 1 } } } }] })).program()",
  ],
};
