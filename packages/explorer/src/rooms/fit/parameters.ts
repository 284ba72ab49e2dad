import { DataError, fromNdarray, type Tensor } from "@wengert/core";
import { ndarray, type Shape } from "@wengert/core/extend";
import { load, toSafetensors } from "@wengert/train";
import { type Dataset, widthOf } from "./data/dataset.ts";
import { type LayerData, limits } from "./protocol.ts";

/** The parameters of a model, and the preprocessing of its inputs. */
export interface Parameters {
  readonly layers: readonly LayerData[];
  readonly step: number;
  readonly classes: readonly string[];
}

interface Described extends Parameters {
  readonly features: Dataset["features"];
  readonly scales?: Dataset["scales"];
  readonly center?: Dataset["center"];
}

const format = "wengert-fit";

/**
 * Writes parameters to a safetensors file. `layers.0.W` is [inputs, outputs], `layers.0.b` is [outputs]. The metadata
 * describe the preprocessing: a feature x becomes (x − mean) / deviation, a pixel x becomes x / 255 − center.
 */
export function fileOf({ layers, step, ...described }: Described): Uint8Array<ArrayBuffer> {
  const wrapped = (numbers: Float32Array, shape: readonly number[]) => fromNdarray(ndarray(numbers, shape));
  const tree = {
    layers: layers.map(({ W, b }) => ({ W: wrapped(W, [W.length / b.length, b.length]), b: wrapped(b, [b.length]) })),
  };
  const { classes, features, scales, center = 0 } = described;
  const metadata = Object.entries({ step, classes, features, scales, center }).filter(
    ([, value]) => value !== undefined,
  );
  const texts = Object.fromEntries(metadata.map(([key, value]) => [key, JSON.stringify(value)]));
  return toSafetensors(tree, { metadata: { format, ...texts } });
}

/**
 * Reads the parameters from a file.
 * @throws DataError unless all numbers are finite and the shapes match the data
 */
export async function parametersIn(file: File, data: Dataset): Promise<Parameters> {
  const { name } = file;
  const { tree: tensors, metadata } = await load<Record<string, Tensor>>(file, { flat: true });
  const count = Object.keys(tensors).length / 2;
  const names = Array.from({ length: count }, (_, i) => [`layers.${i}.W`, `layers.${i}.b`]).flat();
  if ((count !== 1 && count !== 2) || names.some((each) => !Object.hasOwn(tensors, each)))
    throw new DataError(
      `${name} holds the tensors ${
        Object.keys(tensors)
          .slice(0, 6)
          .map((each) => JSON.stringify(each))
          .join(", ") || "none"
      }; expected layers.0.W and layers.0.b, with hidden units layers.1.W and layers.1.b too. Choose a file saved by this page.`,
    );
  const read = (each: string) => numbersOf(name, each, tensors[each]!);
  const layers = Array.from({ length: count }, (_, i) => ({ W: read(`layers.${i}.W`), b: read(`layers.${i}.b`) }));
  const [inputs, classes] = [widthOf(data), data.classes.length];
  const units = count === 2 ? (layers[0]!.b.shape[0] ?? 0) : 0;
  if (units > limits.hidden)
    throw new DataError(`${name} has ${units} hidden units; expected at most ${limits.hidden}. Choose another file.`);
  const expected =
    count === 1 ? [[inputs, classes], [classes]] : [[inputs, units], [units], [units, classes], [classes]];
  const got = layers.flatMap(({ W, b }) => [W.shape, b.shape]);
  if (JSON.stringify(got) !== JSON.stringify(expected))
    throw new DataError(
      `${name} does not fit these data: they have ${inputs} features and ${classes} classes, so its tensors should have the shapes ${shapes(expected)}, but have ${shapes(got)}. Choose the data that the model was fitted to, or another file.`,
    );
  return {
    layers: layers.map(({ W, b }) => ({ W: W.numbers, b: b.numbers })),
    step: wholeIn(metadata.step),
    classes: namesIn(metadata.classes) ?? data.classes,
  };
}

const shapes = (all: readonly (readonly number[])[]): string => all.map((shape) => `[${shape.join(", ")}]`).join(" ");

function numbersOf(
  file: string,
  name: string,
  { shape, dtype, data }: Tensor,
): { shape: Shape; numbers: Float32Array } {
  const numbers = data.data;
  if (!(numbers instanceof Float32Array))
    throw new DataError(`${file}: ${name} is ${dtype}; expected float32. Cast it before saving.`);
  const bad = numbers.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0)
    throw new DataError(
      `${file}: ${name} holds ${numbers[bad]} at index ${bad}; expected finite numbers. The fit had diverged before it was saved.`,
    );
  return { shape, numbers };
}

function wholeIn(text: string | undefined): number {
  const given = Number(text);
  return Number.isSafeInteger(given) && given >= 0 ? given : 0;
}

function namesIn(text: string | undefined): string[] | undefined {
  try {
    const found: unknown = JSON.parse(String(text));
    return Array.isArray(found) && found.every((each) => typeof each === "string") ? found : undefined;
  } catch {
    return undefined;
  }
}
