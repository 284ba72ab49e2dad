/**
 * Writes ONNX models for static float32 graphs, in the protocol buffer format. The field numbers come from onnx.proto.
 */

/** @typedef {Record<string, number | readonly number[]>} Attributes a number with a fraction or named as one is a float */

const floating = 1; // TensorProto.FLOAT

/** @param {string} op @param {readonly string[]} inputs @param {string} output @param {Attributes} [attributes] */
export function node(op, inputs, output, attributes = {}) {
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...text(2, output),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => message(5, attribute(name, value))),
  ];
}

/**
 * @param {readonly number[][]} nodes
 * @param {Record<string, readonly number[]>} inputs shapes @param {Record<string, readonly number[]>} outputs shapes
 */
export function model(nodes, inputs, outputs) {
  const graph = [
    ...nodes.flatMap((bytes) => message(1, bytes)),
    ...text(2, "gradient"),
    ...Object.entries(inputs).flatMap(([name, shape]) => message(11, valueInfo(name, shape))),
    ...Object.entries(outputs).flatMap(([name, shape]) => message(12, valueInfo(name, shape))),
  ];
  return Uint8Array.from([...integer(1, 8), ...message(7, graph), ...message(8, integer(2, 12))]);
}

/** @param {string} name @param {number | readonly number[]} value */
function attribute(name, value) {
  if (typeof value !== "number")
    return [...text(1, name), ...value.flatMap((item) => integer(8, item)), ...integer(20, 7)];
  if (name !== "alpha") return [...text(1, name), ...integer(3, value), ...integer(20, 2)];
  return [
    ...text(1, name),
    ...varint((2 << 3) | 5),
    ...new Uint8Array(Float32Array.of(value).buffer),
    ...integer(20, 1),
  ];
}

/** @param {string} name @param {readonly number[]} shape */
function valueInfo(name, shape) {
  const dimensions = shape.flatMap((size) => message(1, integer(1, size)));
  return [...text(1, name), ...message(2, message(1, [...integer(1, floating), ...message(2, dimensions)]))];
}

/** @param {number} field @param {number} value */
function integer(field, value) {
  return [...varint(field << 3), ...varint(value)];
}

/** @param {number} field @param {string} value */
function text(field, value) {
  return message(field, [...new TextEncoder().encode(value)]);
}

/** @param {number} field @param {readonly number[]} bytes */
function message(field, bytes) {
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
}

/** Encodes an integer as a protobuf varint: seven bits per byte, lowest bits first. @param {number} value */
function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
