// The wire format of Protocol Buffers. A message is a list of fields. A field is a tag, then its value; the tag holds the
// number of the field and the type of the value. ONNX files need whole numbers, floats, strings, bytes and nested messages.

/**
 * The bytes of a field or a message, as a list of chunks. With a single array, each level of nested messages would copy
 * the weights again.
 */
export type Chunks = readonly Uint8Array[];

const byteLength = (chunks: Chunks): number => chunks.reduce((n, chunk) => n + chunk.length, 0);

/** Joins chunks into one array. */
export function join(chunks: Chunks): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength(chunks));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Returns a whole number in base 128, with the lowest 7 bits first. The highest bit of a byte says that more bytes follow. */
function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value)); // negative numbers take two's complement in 64 bits
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

const tag = (field: number, type: 0 | 2): Uint8Array => varint((field << 3) | type);

/** A field that holds a whole number. */
export const int = (field: number, value: number | bigint): Chunks => [tag(field, 0), varint(value)];

/** A field that holds a nested message or raw bytes. */
export const bytes = (field: number, content: Chunks): Chunks => [
  tag(field, 2),
  varint(byteLength(content)),
  ...content,
];

const encoder = /* @__PURE__ */ new TextEncoder();
export const text = (field: number, value: string): Chunks => bytes(field, [encoder.encode(value)]);
