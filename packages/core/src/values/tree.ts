import { mustBeFunction } from "../checks/arguments.ts";
import { isArray, isList, ShapeError, show, TreeError } from "../checks/errors.ts";
import { isPlain, isReadable } from "../checks/options.ts";
import { scalar } from "./create.ts";
import { isFloat } from "./dtype.ts";
import { tensorHint } from "./operands.ts";
import { isAlike, kindText, Tensor, type TensorLike } from "./tensor.ts";

/**
 * `T` itself if it is a tree (a tensor, or arrays and objects of trees); otherwise a type to which `T` cannot be
 * assigned.
 */
type Tree<T> = T extends Tensor
  ? T
  : T extends string | number | boolean | bigint | symbol | null | undefined | ((...args: never) => unknown)
    ? Tensor
    : { readonly [K in keyof T]: Tree<T[K]> };

/**
 * A function accepts only trees if its parameter has the type `T & TreesOnly<T>`. A general type of all trees does not
 * work: it would need an index signature, so a value whose type is an `interface`, which has no index signature, could
 * not be assigned.
 */
export type TreesOnly<T> = [T] extends [Tree<T>] ? unknown : { readonly "is not a tree of tensors": T };

/** The type of a cotangent: the type of its argument, or `Tensor` if the argument may be a number. */
export type Cotangent<T> = [Tensor, T] extends [T, TensorLike] ? Tensor : T;
export type Cotangents<A extends readonly unknown[]> = { -readonly [K in keyof A]: Cotangent<A[K]> };

/**
 * The type of a function that takes and returns trees. TypeScript can still infer the type `R` of the returned tree.
 */
export type TreeFunction<A extends readonly unknown[], R> = ((...args: A) => R & TreesOnly<R>) &
  TreesOnly<Cotangents<A>>;

type Node = readonly unknown[] | { readonly [key: string]: unknown };

/** Turns a plain number into a scalar of the dtype of `partner`, as ops do. Returns any other value unchanged. */
export const asTree = (x: unknown, partner?: unknown): unknown => {
  if (typeof x !== "number") return x;
  return scalar(x, partner instanceof Tensor ? partner.dtype : "float64");
};

/** A tree, and the name of the tree in error messages. */
export type Named = readonly [tree: unknown, path: string];

/** The kind of leaf that a tree contains: a tensor or, for the arguments of `trace`, also a spec (a shape and a dtype). */
interface LeafKind<Leaf> {
  readonly is: (x: unknown) => x is Leaf;
  /** The error for a value that is neither a leaf nor an array or object of leaves. */
  readonly error: (caller: string, path: string, value: unknown) => Error;
}

const tensors: LeafKind<Tensor> = {
  is: (x) => x instanceof Tensor,
  error: (caller, path, x) =>
    new TreeError(
      `${caller}: ${path} must be a tensor (or arrays and objects of them), got ${show(x)}${tensorHint(x) || instanceHint(path, x)}`,
    ),
};

/**
 * Returns a hint for an error message if the value is an instance of a class, else "". Such instances are not trees,
 * because a gradient with the same fields would lack the methods of the class.
 */
const instanceHint = (path: string, x: unknown): string =>
  isReadable(x) && Object.keys(x).length > 0 ? `; write { ...${path} }` : "";

/**
 * Visits the leaves of the first tree in order, each with the leaves at the same path in the other trees. `path(i)`
 * returns the path of the leaf in tree i, such as `params.layers[1].w`; computing paths only on request saves time.
 * @throws TreeError, with the paths, unless all arguments are trees of the same structure
 */
export function traverse<Leaf = Tensor>(
  caller: string,
  trees: readonly Named[],
  visit: (leaves: readonly Leaf[], path: (i: number) => string) => unknown,
  kind: LeafKind<Leaf> = tensors as unknown as LeafKind<Leaf>,
): void {
  const keys: string[] = []; // the path from the root to the current node
  const path = (i: number): string => pathOf(trees[i]!, keys);
  const descend = (nodes: readonly unknown[]): void => {
    const [first] = nodes;
    if (kind.is(first)) {
      const mismatched = nodes.findIndex((node) => !kind.is(node));
      if (mismatched >= 0) throw mismatch(caller, path(mismatched), nodes[mismatched], path(0), first);
      visit(nodes as readonly Leaf[], path);
      return;
    }
    if (!isNode(first)) throw kind.error(caller, path(0), first);
    if (keys.length > maxLevels)
      throw new TreeError(
        `${caller}: ${path(0).slice(0, 40)}… is nested deeper than 100 levels; does it contain itself?`,
      );
    const ownKeys = Object.keys(first);
    if (isArray(first) && !(isList(first) && ownKeys.length === first.length))
      throw new TreeError(
        `${caller}: ${path(0)} must be a list of trees without holes or extra keys, got ${ownKeys.length} entries in ${show(first)}`,
      );
    if (Object.getOwnPropertySymbols(first).length > 0)
      throw new TreeError(`${caller}: ${path(0)} has an entry under a symbol; trees have only string keys`);
    const mismatched = nodes.findIndex((node) => !hasKeys(node, isArray(first), ownKeys));
    if (mismatched >= 0) throw mismatch(caller, path(mismatched), nodes[mismatched], path(0), first);
    for (const key of ownKeys) {
      keys.push(key);
      descend(nodes.map((node) => getChild(node, key)));
      keys.pop();
    }
  };
  descend(trees.map(([tree]) => tree));
}

const maxLevels = 100;

const hasKeys = (node: unknown, asArray: boolean, keys: readonly string[]): boolean =>
  isNode(node) &&
  isArray(node) === asArray &&
  Object.keys(node).length === keys.length &&
  keys.every((key) => Object.hasOwn(node, key));

function mismatch(caller: string, path: string, node: unknown, likePath: string, like: unknown): TreeError {
  const hint = isArray(like) && !isArray(node) ? "; write [...]" : "";
  const [expected, got] = isNode(like) ? [nodeText(like), nodeText(node)] : ["a tensor", show(node)];
  return new TreeError(`${caller}: ${path} must be ${expected}, like ${likePath}; got ${got}${hint}`);
}

/**
 * Calls `visit` with each tensor of a tree and its path, such as `params.layers[1].w`.
 * @throws TreeError unless the value is a tree
 */
export const walk = (
  caller: string,
  tree: unknown,
  path: string,
  visit: (leaf: Tensor, path: string) => unknown,
): void => traverse(caller, [[tree, path]], ([leaf], pathOfTree) => visit(leaf!, pathOfTree(0)));

/**
 * Returns the tensors of a tree in order. `caller` and `path` are for messages.
 * @throws TreeError unless the value is a tree
 */
export function leaves(caller: string, tree: unknown, path: string): Tensor[] {
  const found: Tensor[] = [];
  traverse(caller, [[tree, path]], ([leaf]) => found.push(leaf!));
  return found;
}

/** Returns the tensors of `tree` in the order of `like`. @throws TreeError unless both have the same structure */
export function leavesLike(caller: string, like: Named, tree: Named): Tensor[] {
  const found: Tensor[] = [];
  traverse(caller, [like, tree], ([, leaf]) => found.push(leaf!));
  return found;
}

/**
 * Returns the tensors of `tree` in the order of `like`, as `leavesLike` does, and checks dtypes and shapes.
 * @throws ShapeError unless each tensor has the dtype and shape of its counterpart in `like`
 */
export function leavesAlike(caller: string, like: Named, tree: Named): Tensor[] {
  const found: Tensor[] = [];
  traverse(caller, [like, tree], ([expected, leaf], path) => {
    if (!isAlike(leaf!, expected!)) throw notAlike(caller, [expected!, path(0)], [leaf!, path(1)]);
    found.push(leaf!);
  });
  return found;
}

function notAlike(caller: string, [like, likePath]: readonly [Tensor, string], [got, path]: readonly [Tensor, string]) {
  const hint = got.dtype === like.dtype ? "" : `; write cast(..., { dtype: "${like.dtype}" })`;
  return new ShapeError(
    `${caller}: ${path} must have the dtype and shape of ${likePath}, ${kindText(like)}; got ${kindText(got)}${hint}`,
  );
}

/** Returns a tree with the structure of `like`, whose leaves are `values`. */
export function unflatten<T>(like: T, values: Iterable<unknown>, isLeaf: (x: unknown) => boolean = tensors.is): T {
  const next = values[Symbol.iterator]();
  const build = (node: unknown): unknown => {
    if (isLeaf(node)) return next.next().value;
    if (isArray(node)) return node.map(build);
    return Object.fromEntries(Object.entries(node as Node).map(([key, entry]) => [key, build(entry)]));
  };
  return build(like) as T;
}

/**
 * Returns the float tensors of a tree, and a function that returns the tree with these tensors replaced. Only float
 * tensors have derivatives.
 */
export function floatsOf<T>(
  caller: string,
  [tree, path]: readonly [T, string],
): { floats: Tensor[]; withFloats: (replacements: readonly Tensor[], replaceOther?: (leaf: Tensor) => Tensor) => T } {
  const all = leaves(caller, tree, path);
  return {
    floats: all.filter((leaf) => isFloat(leaf.dtype)),
    withFloats: (replacements, replaceOther = (leaf) => leaf) => {
      const next = replacements.values();
      return unflatten(
        tree,
        all.map((leaf) => (isFloat(leaf.dtype) ? next.next().value : replaceOther(leaf))),
      );
    },
  };
}

/**
 * Applies `f` to each tensor of `tree` and the tensors at the same path in `others`. Returns a tree of the same
 * structure: `treeMap((p, g) => axpy(-rate, g, p), params, grads)`.
 * @throws TreeError unless all trees have the same structure
 */
export function treeMap<T>(
  f: (leaf: Tensor, ...others: Tensor[]) => Tensor,
  tree: T & TreesOnly<T>,
  ...others: NoInfer<T>[]
): T {
  mustBeFunction("treeMap", f);
  const partners: Tensor[][] = [];
  const namedOthers = others.map((other, i): Named => [other, `others[${i}]`]);
  traverse("treeMap", [[tree, "tree"], ...namedOthers], (each) => partners.push([...each]));
  return unflatten<T>(
    tree,
    partners.map(([leaf, ...rest]) => f(leaf!, ...rest)),
  );
}

// Reads the source text of a function without String(f), which would call a toString that the user may have overridden.
const sourceOf = (f: object): string => Function.prototype.toString.call(f);

/** Returns the name of argument `i` of `f` for messages, taken from the source text of `f` if possible. */
export function argumentName(f: (...args: never) => unknown, i: number): string {
  const [, list = ""] = /^(?:async\s+)?(?:function\s*[\w$]*\s*)?\(?([\w$,\s]*)/.exec(sourceOf(f).slice(0, 200)) ?? [];
  return list.split(",")[i]?.trim() || `argument ${i}`;
}

/**
 * Returns whether `x` is a plain array or object, which a tree may contain. Instances of a class are excluded, because
 * a copy made from their fields would lose their methods.
 */
export const isNode = (x: unknown): x is Node => isArray(x) || isPlain(x);

const getChild = (node: unknown, key: string): unknown => (node as { readonly [key: string]: unknown })[key];

/**
 * Returns the path of a value in a tree, such as `params.layers[1].w`. The result reads "the value of f at layers[1].w"
 * if the name of the tree has several words.
 */
function pathOf([tree, root]: Named, keys: readonly string[]): string {
  let [node, path] = [tree, root];
  for (const key of keys) {
    const isBare = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key);
    const step = isArray(node) ? `[${key}]` : isBare ? `.${key}` : `[${JSON.stringify(key)}]`;
    path = /^\w+ /.test(path) && !path.includes(" at ") ? `${path} at ${step.replace(/^\./, "")}` : path + step;
    node = getChild(node, key);
  }
  return path;
}

const nodeText = (x: unknown): string =>
  isNode(x) && !isArray(x) ? `an object with ${Object.keys(x).join(", ") || "no keys"}` : show(x);
