import { damaged } from "./damaged.ts";

// Reads the wire format of Protocol Buffers, which `protobuf.ts` describes. A file may be damaged, so each tag, varint
// and length is checked before its bytes are read. No memory is allocated for a length beyond the end of the file.

/**
 * One field of a message in the format of Protocol Buffers. A varint field holds a value. A field of another wire type
 * holds bytes, as a view of the file.
 */
export interface Field {
  readonly number: number;
  /** The wire type. 0: a varint, 1: 8 bytes, 2: a length and then this number of bytes, 5: 4 bytes. */
  readonly type: number;
  readonly value: bigint;
  readonly content: Uint8Array;
  /** The name of the Protocol Buffers message that contains this field. Error messages show this name. */
  readonly message: string;
}

const nothing = /* @__PURE__ */ new Uint8Array();

/** Reads a varint at a position. Returns its value and the position after it. */
function readVarint(bytes: Uint8Array, from: number, message: string): readonly [value: bigint, next: number] {
  let [value, at] = [0n, from];
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) throw damaged(`${message} ends within a number`);
    if (shift === 63n && byte > 1) throw damaged(`${message} has a number of more than 64 bits`);
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return [value, at];
  }
}

/** Returns the fields of a message, in the order of the file. */
export function fieldsOf(bytes: Uint8Array, message: string): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const take = (size: number): Uint8Array => {
    if (size > bytes.length - at)
      throw damaged(`${message} is truncated: a field needs ${size} bytes, and ${bytes.length - at} are left`);
    at += size;
    return bytes.subarray(at - size, at);
  };
  while (at < bytes.length) {
    const [tag, afterTag] = readVarint(bytes, at, message);
    at = afterTag;
    const [number, type] = [Number(tag >> 3n), Number(tag & 7n)];
    if (number === 0 || number >= 2 ** 29) throw damaged(`${message} has a field with the number ${number}`);
    if (type === 0) {
      const [value, next] = readVarint(bytes, at, message);
      at = next;
      fields.push({ number, type, value, content: nothing, message });
    } else if (type === 2) {
      const [size, next] = readVarint(bytes, at, message);
      at = next;
      fields.push({ number, type, value: 0n, content: take(Number(size)), message });
    } else if (type === 1 || type === 5) {
      fields.push({ number, type, value: 0n, content: take(type === 1 ? 8 : 4), message });
    } else throw damaged(`field ${number} of ${message} has the unknown wire type ${type}`);
  }
  return fields;
}

function mustHaveType({ number, type, message }: Field, expected: number): void {
  if (type !== expected) throw damaged(`field ${number} of ${message} has wire type ${type}, expected ${expected}`);
}

/** Returns the bytes of a field: a nested message, or raw data. */
export function bytesIn(field: Field): Uint8Array {
  mustHaveType(field, 2);
  return field.content;
}

export function textIn(field: Field): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesIn(field));
  } catch {
    throw damaged(`field ${field.number} of ${field.message} must be text in UTF-8`);
  }
}

/** Returns a whole number of 64 bits with a sign. */
export function bigintIn(field: Field): bigint {
  mustHaveType(field, 0);
  return BigInt.asIntN(64, field.value);
}

/** Returns a whole number. Throws if a double cannot hold it. */
export const intIn = (field: Field): number => exact(bigintIn(field), field);

function exact(value: bigint, { number, message }: Field): number {
  if (BigInt.asIntN(54, value) !== value) throw damaged(`field ${number} of ${message} has the number ${value}`);
  return Number(value);
}

export function floatIn(field: Field): number {
  mustHaveType(field, 5);
  return viewOf(field.content).getFloat32(0, true);
}

/** Returns the numbers of a repeated field, which writers may pack into one field. */
export function bigintsIn(field: Field): bigint[] {
  if (field.type === 0) return [bigintIn(field)];
  const [bytes, numbers] = [bytesIn(field), [] as bigint[]];
  for (let at = 0; at < bytes.length; ) {
    const [value, next] = readVarint(bytes, at, field.message);
    numbers.push(BigInt.asIntN(64, value));
    at = next;
  }
  return numbers;
}

export const intsIn = (field: Field): number[] => bigintsIn(field).map((value) => exact(value, field));

/** Returns the numbers of a repeated field. Each number is a float of 4 or 8 bytes. */
export function floatsIn(field: Field, size: 4 | 8): number[] {
  if (field.type !== (size === 4 ? 5 : 1)) mustHaveType(field, 2);
  const { content, number, message } = field;
  if (content.length % size !== 0) throw damaged(`field ${number} of ${message} ends within a number`);
  const view = viewOf(content);
  const read = (i: number) => (size === 4 ? view.getFloat32(i * 4, true) : view.getFloat64(i * 8, true));
  return Array.from({ length: content.length / size }, (_, i) => read(i));
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);
