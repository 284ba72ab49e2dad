import { DataError, type Dataset, widthOf } from "./data/dataset.ts";
import { type LayerData, limits } from "./protocol.ts";

/** A fitted model with what one must know to use it. */
export interface Parameters {
  readonly layers: readonly LayerData[];
  readonly step: number;
  readonly classes: readonly string[];
}

interface Described extends Parameters {
  readonly features: Dataset["features"];
  readonly scales?: Dataset["scales"];
  readonly centre?: Dataset["centre"];
}

const mostHeader = 1_000_000;
const format = "wengert-fit";

/**
 * A safetensors file, which Python and others read too: the length of the header in 8 bytes, the header in JSON, the numbers.
 * `layers.0.W` is [inputs, outputs], `layers.0.b` [outputs]. The metadata say what a row must be made into: x becomes
 * (x − mean) / deviation of its feature, of images x / 255 − centre.
 */
export function fileOf({ layers, step, ...described }: Described): Uint8Array<ArrayBuffer> {
  const tensors = layers.flatMap(({ W, b }, i) => [
    { name: `layers.${i}.W`, shape: [W.length / b.length, b.length], numbers: W },
    { name: `layers.${i}.b`, shape: [b.length], numbers: b },
  ]);
  let end = 0;
  const header = Object.fromEntries(
    tensors.map(({ name, shape, numbers }) => {
      const begin = end;
      end += numbers.byteLength;
      return [name, { dtype: "F32", shape, data_offsets: [begin, end] }];
    }),
  );
  const { classes, features, scales, centre = 0 } = described;
  const texts = Object.entries({ step, classes, features, scales, centre }).map(([key, value]) => [
    key,
    JSON.stringify(value),
  ]);
  const __metadata__ = { format, ...Object.fromEntries(texts) };
  const text = new TextEncoder().encode(JSON.stringify({ __metadata__, ...header }));
  const length = 8 * Math.ceil(text.length / 8);
  const bytes = new Uint8Array(8 + length + end).fill(0x20, 8, 8 + length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  let at = 8 + length;
  for (const { numbers } of tensors)
    for (const x of numbers) {
      view.setFloat32(at, x, true);
      at += 4;
    }
  return bytes;
}

/** The parameters in a file, if they fit the data. @throws DataError */
export function parametersIn(name: string, bytes: Uint8Array, data: Dataset): Parameters {
  const { header, numbers } = partsOf(name, bytes);
  const { __metadata__: meta, ...tensors } = header;
  const count = Object.keys(tensors).length / 2;
  const names = Array.from({ length: count }, (_, i) => [`layers.${i}.W`, `layers.${i}.b`]).flat();
  if ((count !== 1 && count !== 2) || names.some((each) => !(each in tensors)))
    throw new DataError(
      `${name} holds the tensors ${
        Object.keys(tensors)
          .slice(0, 6)
          .map((each) => JSON.stringify(each))
          .join(", ") || "none"
      }; expected layers.0.W and layers.0.b, with hidden units layers.1.W and layers.1.b too. Choose a file that was saved here.`,
    );
  const read = (each: string) => tensorIn(name, each, tensors[each], numbers);
  const layers = Array.from({ length: count }, (_, i) => ({ W: read(`layers.${i}.W`), b: read(`layers.${i}.b`) }));
  const [inputs, classes] = [widthOf(data), data.classes.length];
  const units = count === 2 ? (layers[0]!.b.shape[0] ?? 0) : 0;
  if (units > limits.hidden)
    throw new DataError(`${name} has ${units} hidden units; up to ${limits.hidden} can be fitted here.`);
  const expected =
    count === 1 ? [[inputs, classes], [classes]] : [[inputs, units], [units], [units, classes], [classes]];
  const got = layers.flatMap(({ W, b }) => [W.shape, b.shape]);
  if (JSON.stringify(got) !== JSON.stringify(expected))
    throw new DataError(
      `${name} does not fit these data: they have ${inputs} features and ${classes} classes, so its tensors should have the shapes ${shapes(expected)}, but have ${shapes(got)}. Choose the data that it was fitted to, or another file.`,
    );
  return {
    layers: layers.map(({ W, b }) => ({ W: W.numbers, b: b.numbers })),
    step: wholeIn(meta, "step"),
    classes: namesIn(meta) ?? data.classes,
  };
}

const shapes = (all: readonly (readonly number[])[]): string => all.map((shape) => `[${shape.join(", ")}]`).join(" ");

function partsOf(name: string, bytes: Uint8Array): { header: Record<string, unknown>; numbers: DataView } {
  const damaged = (what: string): DataError =>
    new DataError(`${name} is no safetensors file, or a damaged one: ${what}. Choose a file that was saved here.`);
  if (bytes.length < 8)
    throw damaged(`it has ${bytes.length} bytes, and its first 8 should hold the length of a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > mostHeader || 8 + length > bytes.length)
    throw damaged(`its header should have ${length} bytes, but ${bytes.length - 8} bytes follow`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw damaged("its header is no JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw damaged("its header is no JSON object");
  return {
    header: header as Record<string, unknown>,
    numbers: new DataView(view.buffer, view.byteOffset + 8 + length, bytes.length - 8 - length),
  };
}

function tensorIn(
  file: string,
  name: string,
  entry: unknown,
  numbers: DataView,
): { shape: number[]; numbers: Float32Array } {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (typeof entry === "object" && entry ? entry : {}) as Record<string, unknown>;
  if (dtype !== "F32")
    throw new DataError(
      `${file}: ${name} has the dtype ${JSON.stringify(dtype)}; expected "F32". Cast it before it is saved.`,
    );
  const isCount = (x: unknown): x is number => typeof x === "number" && Number.isSafeInteger(x) && x >= 0;
  const areCounts = (xs: unknown): xs is number[] => Array.isArray(xs) && xs.every(isCount);
  const size = areCounts(shape) ? shape.reduce((product, n) => product * n, 1) : Number.NaN;
  if (
    !areCounts(shape) ||
    !areCounts(offsets) ||
    offsets.length !== 2 ||
    offsets[1]! - offsets[0]! !== 4 * size ||
    offsets[1]! > numbers.byteLength
  )
    throw new DataError(
      `${file}: ${name} should have a shape and the place of its numbers, 4 bytes each, among the ${numbers.byteLength} bytes after the header; got ${JSON.stringify(entry)?.slice(0, 120)}. The file is damaged: save it anew.`,
    );
  const found = Float32Array.from({ length: size }, (_, i) => numbers.getFloat32(offsets[0]! + 4 * i, true));
  const bad = found.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0)
    throw new DataError(
      `${file}: ${name} holds ${found[bad]} at place ${bad}; expected finite numbers. It was saved from a fit that had diverged.`,
    );
  return { shape, numbers: found };
}

const wholeIn = (meta: unknown, name: string): number => {
  const given = Number((meta as Record<string, unknown> | undefined)?.[name]);
  return Number.isSafeInteger(given) && given >= 0 ? given : 0;
};

function namesIn(meta: unknown): string[] | undefined {
  try {
    const found: unknown = JSON.parse(String((meta as Record<string, unknown> | undefined)?.classes));
    return Array.isArray(found) && found.every((each) => typeof each === "string") ? found : undefined;
  } catch {
    return undefined;
  }
}
