import { ArgumentError, type Tensor, trace } from "@wengert/core";
import { leaves, shapeText, show } from "@wengert/core/extend";
import { randomKey } from "@wengert/ops";
import { startOf } from "../defining/checks.ts";
import { withName } from "../defining/errors.ts";
import type { AnyLayer, InitOptions, Input } from "../defining/layer.ts";
import { outputOf } from "../defining/outputOf.ts";

/**
 * A row of the summary table: the place of a layer in the net, its name, the shape of its output, and the number of its
 * parameters.
 */
type Row = readonly [place: string, name: string, output: string, parameters: string];

/**
 * Returns a table with each layer of a net, the shape of its output for an input, and the number of its parameters. The
 * layers are numbered by position: 2.0 is the first layer inside layer 2. Computes no weights.
 * @throws ArgumentError unless given a layer; the errors of `init` for an invalid input
 */
export function summary(net: AnyLayer, input: Input, options?: InitOptions): string {
  if (typeof net?.init !== "function" || typeof net.apply !== "function")
    throw new ArgumentError(`summary: expected a layer, got ${show(net)}; write summary(net, [1, 784])`);
  const start = withName("summary", () => startOf(randomKey(0), input, options));
  const { value: params } = traceInit((key) => net.init(key, start.input, { dtype: start.dtype }), {
    shape: [2],
    dtype: "int32",
  });
  const rows = [...rowsOf(net, params, start.input, "")];
  return tableOf([
    ["", "layer", "output", "parameters"],
    ...(net.parts ? rows.slice(1) : rows),
    ["", "total", shapeText(outputOf(net, params, start.input).shape), countText(params)],
  ]);
}

/** The function `trace` of core, with a type that accepts parameters of an unknown type. */
const traceInit = trace as unknown as (f: (key: Tensor) => unknown, key: object) => { readonly value: unknown };

type Kind = ReturnType<typeof outputOf>;

/** Yields the table row of a layer, and the table rows of the layers inside it. */
function* rowsOf(layer: AnyLayer, params: unknown, input: Kind, place: string): Generator<Row> {
  yield [place, layer.name, shapeText(outputOf(layer, params, input).shape), countText(params)];
  const { layers = [], isChain = false } = layer.parts ?? {};
  let kind = input;
  for (const [i, part] of layers.entries()) {
    const partParams = (params as readonly unknown[])[i];
    yield* rowsOf(part, partParams, kind, place === "" ? `${i}` : `${place}.${i}`);
    if (isChain) kind = outputOf(part, partParams, kind);
  }
}

const countText = (params: unknown): string =>
  String(leaves("summary", params, "params").reduce((sum, { size }) => sum + size, 0)).replaceAll(
    /\B(?=(\d{3})+$)/g,
    ",",
  );

/** Returns the rows of a table as text, with numbers aligned at the right. */
function tableOf(rows: readonly Row[]): string {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(([place, name, output, parameters]) =>
      [
        place.padEnd(widths[0]!),
        name.padEnd(widths[1]!),
        output.padEnd(widths[2]!),
        parameters.padStart(widths[3]!),
      ].join("  "),
    )
    .join("\n");
}
