import { type Attributes, elementTypes, type Initializer, type Node } from "../format/model.ts";
import { dataOf, encode } from "../graph/data.ts";
import { type Dimension, type Line, lineThrough, type Pair } from "./dimension.ts";

// Constants that depend on a dynamic size of a file, such as the batch size. Nodes at the start of the graph compute
// these constants from the shape of an input.

/** The graph nodes that compute constants from a dynamic size, such as the batch size. */
export interface Sizes {
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  /**
   * Returns the name of a computed value that replaces the initializers `first` and `second` in the graphs of two
   * traces. Returns `undefined` if the graph cannot compute this value from the dynamic size, such as the batch size.
   */
  readonly replace: (first: Initializer, second: Initializer) => string | undefined;
  /** Adds an int64 vector of constant numbers to the graph, and returns the name of the vector. */
  readonly ints: (values: readonly number[]) => string;
}

/**
 * Returns functions that add nodes to a graph. The nodes compute constants from a dynamic size, such as the batch size.
 * The names of new values differ from the names in `taken`.
 */
export function computedSizes(dimension: Dimension, taken: Set<string>): Sizes {
  const { name, sizes, input, axis } = dimension;
  const nodes: Node[] = [];
  const initializers: Initializer[] = [];
  const known = new Map<string, string>();
  const fresh = (): string => {
    let i = known.size + 1;
    while (taken.has(`${name}.${i}`)) i++;
    taken.add(`${name}.${i}`);
    return `${name}.${i}`;
  };
  const once = (key: string, compute: () => string): string => {
    const value = known.get(key) ?? compute();
    known.set(key, value);
    return value;
  };
  const constant = (values: readonly number[], shape: readonly number[], type: Initializer["type"]): string =>
    once(`constant ${type} [${shape}]: ${values}`, () => {
      const constantName = fresh();
      initializers.push({ name: constantName, type, shape, data: encode(type, values) });
      return constantName;
    });
  const node = (op: string, inputs: readonly string[], attributes: Attributes = {}): string =>
    once(`${op}(${inputs}) ${JSON.stringify(attributes)}`, () => {
      const output = fresh();
      nodes.push({ op, inputs, outputs: [output], attributes, doc: `a size that depends on ${name}` });
      return output;
    });

  /**
   * Adds nodes that compute the dynamic size, such as the batch size, with the shape [] or [1]. Returns the name of the
   * result.
   */
  const size = (shape: readonly number[]) => node("Gather", [node("Shape", [input]), constant([axis], shape, "int64")]);
  /**
   * Adds nodes that compute slope · n + offset for each line in `lines`, where n is a dynamic size, such as the batch
   * size. Returns the name of the result, which is a vector or a scalar.
   */
  const vector = (lines: readonly Line[], shape: readonly number[]): string => {
    const numbers = (key: keyof Line) =>
      constant(
        lines.map((line) => line[key]),
        shape,
        "int64",
      );
    const open = size(shape.length === 0 ? [] : [1]);
    const multiples = lines.every(({ slope }) => slope === 1) ? open : node("Mul", [open, numbers("slope")]);
    return lines.every(({ offset }) => offset === 0) ? multiples : node("Add", [multiples, numbers("offset")]);
  };
  const cast = (value: string, type: Initializer["type"]): string =>
    type === "int64" ? value : node("Cast", [value], { to: elementTypes[type] });

  /**
   * Adds nodes that compute whole numbers from a dynamic size, such as the batch size. `a` and `b` are the values of
   * these numbers in two traces. Returns `undefined` unless each number is a linear function of the dynamic size.
   */
  const wholes = (
    a: readonly number[],
    b: readonly number[],
    { shape, type }: Pick<Initializer, "shape" | "type">,
  ): string | undefined => {
    const lines = a.map((x, i) => (Number.isSafeInteger(x) ? lineThrough([x, b[i]!], dimension) : undefined));
    return lines.every((line) => line !== undefined) ? cast(vector(lines, shape), type) : undefined;
  };

  /**
   * Adds nodes that compute a float from a dynamic size n, such as the batch size. The formula is c n, c / n or 1 / k,
   * where c is a constant, and k is a whole number that depends on n. Returns `undefined` if no formula fits.
   */
  const float = ([a, b]: Pair, type: Initializer["type"]): string | undefined => {
    const precision = type === "float32" ? 2 ** -22 : 2 ** -50;
    const isClose = (x: number, y: number) => Math.abs(x - y) <= precision * Math.abs(x);
    const nearest = (x: number) => (isClose(x, Math.round(x)) ? Math.round(x) : x);
    const [n, m] = sizes;
    const operation = (op: string, factor: number) =>
      node(op, [constant([nearest(factor)], [], type), cast(size([]), type)]);
    if (isClose(a * n, b * m)) return operation("Div", a * n);
    if (isClose(a / n, b / m)) return operation("Mul", a / n);
    const divisor = wholes([nearest(1 / a)], [nearest(1 / b)], { shape: [], type });
    return divisor && node("Reciprocal", [divisor]);
  };

  /**
   * Adds nodes that compute a number from a dynamic size, such as the batch size. `pair` has the values of the number
   * in two traces. Returns the name of the result, or `undefined` if no formula fits.
   */
  const scalar = (pair: Pair, type: Initializer["type"]): string | undefined => {
    if (Object.is(pair[0], pair[1])) return constant([pair[0]], [], type);
    const whole = wholes([pair[0]], [pair[1]], { shape: [], type });
    return whole ?? (type.startsWith("float") ? float(pair, type) : undefined);
  };

  /**
   * Returns the name of an int64 vector that holds the shape of an array. Graph nodes compute the entries that depend
   * on a dynamic size, such as the batch size.
   */
  const shapeVector = (lines: readonly Line[]) =>
    lines.every(({ slope }) => slope === 0)
      ? constant(
          lines.map(({ offset }) => offset),
          [lines.length],
          "int64",
        )
      : vector(lines, [lines.length]);

  /**
   * Adds nodes that repeat a block of constants along the axes whose sizes are dynamic, such as the batch axis. Returns
   * `undefined` unless the arrays `first` and `second` repeat the same block.
   */
  const repetition = (first: Initializer, second: Initializer, lines: readonly Line[]): string | undefined => {
    const blocks = lines.map(blockOf);
    const sizes = blocks.map(({ size }) => size);
    const [a, b] = [repeatedBlock(first, sizes), repeatedBlock(second, sizes)];
    if (a === undefined || b === undefined || a.some((x, i) => !Object.is(x, b[i]))) return undefined;
    // If a repeated block has several entries along an axis, the axis is split into two axes: one for the repetitions,
    // and one for the entries.
    const isWide = (axis: number) => lines[axis]!.slope > 0 && sizes[axis]! > 1;
    const axes = blocks.flatMap(({ repeats, size }, axis) =>
      isWide(axis)
        ? [
            { size: 1, target: repeats },
            { size, target: fixed(size) },
          ]
        : [{ size, target: lines[axis]! }],
    );
    const block = constant(
      a,
      axes.map(({ size }) => size),
      first.type,
    );
    const array = node("Expand", [block, shapeVector(axes.map(({ target }) => target))]);
    return axes.length === lines.length ? array : node("Reshape", [array, shapeVector(lines)]);
  };

  const replace = (first: Initializer, second: Initializer): string | undefined => {
    const { type, shape } = first;
    if (type !== second.type || shape.length !== second.shape.length) return undefined;
    const [a, b] = [numbersOf(first), numbersOf(second)];
    const lines: Line[] = [];
    for (const [axis, n] of shape.entries()) {
      const line = lineThrough([n, second.shape[axis]!], dimension);
      if (line === undefined) return undefined;
      lines.push(line);
    }
    const isFixed = lines.every(({ slope }) => slope === 0);
    // Tries four forms of the constant array in turn: whole numbers, equal numbers, a repeated block, and 0, 1, 2, ….
    const vectorOfWholes = isFixed && shape.length < 2 ? wholes(a, b, first) : undefined;
    if (vectorOfWholes !== undefined) return vectorOfWholes;
    if (areEqual(a) && areEqual(b)) {
      const value = scalar([a[0]!, b[0]!], type);
      return value === undefined || shape.length === 0 ? value : node("Expand", [value, shapeVector(lines)]);
    }
    const repeated = isFixed ? undefined : repetition(first, second, lines);
    if (repeated !== undefined) return repeated;
    const count = lineThrough([a.length, b.length], dimension);
    if (count === undefined || ![a, b].every((list) => list.every((x, i) => x === i))) return undefined;
    const range = node("Range", [constant([0], [], "int64"), vector([count], []), constant([1], [], "int64")]);
    return cast(shape.length === 1 ? range : node("Reshape", [range, shapeVector(lines)]), type);
  };
  return { nodes, initializers, replace, ints: (values) => constant(values, [values.length], "int64") };
}

const fixed = (n: number): Line => ({ slope: 0, offset: n });

/**
 * Returns the number of entries of a repeated block along an axis, and the number of its repetitions: k entries and n
 * repetitions for an axis of size k n.
 */
function blockOf(line: Line): { readonly size: number; readonly repeats: Line } {
  if (line.slope === 0) return { size: line.offset, repeats: fixed(1) };
  return line.offset === 0 ? { size: line.slope, repeats: { slope: 1, offset: 0 } } : { size: 1, repeats: line };
}

/**
 * Returns the block of shape `sizes` that the array repeats along its axes, or `undefined` if the array does not repeat
 * such a block.
 */
function repeatedBlock(array: Initializer, sizes: readonly number[]): number[] | undefined {
  const { shape } = array;
  const values = numbersOf(array);
  const block = new Array<number>(sizes.reduce((product, n) => product * n, 1));
  for (const [i, value] of values.entries()) {
    let [rest, at, stride] = [i, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [n, size] = [shape[axis]!, sizes[axis]!];
      at += ((rest % n) % size) * stride;
      rest = Math.floor(rest / n);
      stride *= size;
    }
    if (!(at in block)) block[at] = value;
    else if (!Object.is(block[at], value)) return undefined;
  }
  return values.length === 0 ? undefined : block;
}

/** Returns the elements of an initializer as numbers. */
export const numbersOf = ({ type, data }: Initializer): number[] =>
  Array.from(dataOf(type, data) as ArrayLike<number | bigint>, Number);

const areEqual = (values: readonly number[]): boolean =>
  values.length > 0 && values.every((x) => Object.is(x, values[0]));
