import { isArray, isList, ShapeError, show, TreeError } from "./errors.ts";
import { mustBeFunction, tensorCure } from "./mistakes.ts";
import { prototypeOf } from "./options.ts";
import { isAlike, isFloat, kindText, scalar, Tensor, type TensorLike } from "./tensor.ts";

/** `T`, if it is a tree: a tensor, or arrays and objects of trees. Else a type that `T` cannot be assigned to. */
type Tree<T> = T extends Tensor
  ? T
  : T extends string | number | boolean | bigint | symbol | null | undefined | ((...args: never) => unknown)
    ? Tensor
    : { readonly [K in keyof T]: Tree<T[K]> };

/**
 * What a parameter's type is intersected with so that only trees are accepted. The caller's own type stays as it is (an
 * `interface` has no index signature, so there can be no general type of trees to assign it to).
 */
export type TreesOnly<T> = [T] extends [Tree<T>] ? unknown : { readonly "is not a tree of tensors": T };

/** The type of a cotangent: that of its argument, where an argument that may be a mere number counts as a tensor. */
export type Cotangent<T> = [Tensor, T] extends [T, TensorLike] ? Tensor : T;
export type Cotangents<A extends readonly unknown[]> = { -readonly [K in keyof A]: Cotangent<A[K]> };

/** A function of trees, one an argument, whose value is a tree. (Checked where it returns, `R` can still be inferred.) */
export type TreeFunction<A extends readonly unknown[], R> = ((...args: A) => R & TreesOnly<R>) &
  TreesOnly<Cotangents<A>>;

type Node = readonly unknown[] | { readonly [key: string]: unknown };

/** A number given for a whole argument stands for a tensor, of its partner's dtype, as it does in a call of an op. */
export const asTree = (x: unknown, partner?: unknown): unknown => {
  if (typeof x !== "number") return x;
  return scalar(x, partner instanceof Tensor ? partner.dtype : "float64");
};

/** The tensors of a tree in the order in which they stand. `who` and `path` are for messages. */
export function leaves(who: string, tree: unknown, path: string): Tensor[] {
  const found: Tensor[] = [];
  if (collect(tree, found, 0)) return found;
  walk(who, tree, path, () => {}); // says where it is none
  return found;
}

/** Adds the tensors of a tree to `found`; false if it is none. It makes no paths, which take longer than all the rest. */
function collect(tree: unknown, found: Tensor[], depth: number): boolean {
  if (tree instanceof Tensor) return found.push(tree) > 0;
  if (!isNode(tree) || depth > mostLevels) return false;
  const keys = Object.keys(tree);
  return isWhole(tree, keys) && keys.every((key) => collect(child(tree, key), found, depth + 1));
}

/** Calls `visit` with each tensor of a tree and its path, such as `params.layers[1].w`. */
export function walk(
  who: string,
  tree: unknown,
  path: string,
  visit: (leaf: Tensor, path: string) => unknown,
  depth = 0,
): void {
  if (tree instanceof Tensor) visit(tree, path);
  else if (!isNode(tree))
    throw new TreeError(
      `${who}: ${path} must be a tensor (or arrays and objects of them), got ${show(tree)}${tensorCure(tree)}`,
    );
  else
    for (const key of keysOf(who, tree, path, depth))
      walk(who, child(tree, key), childPath(tree, path, key), visit, depth + 1);
}

/** The keys of a node at a depth. @throws TreeError for one that contains itself, and for a list with holes. */
export function keysOf(who: string, node: Node, path: string, depth: number): readonly string[] {
  if (depth > mostLevels)
    throw new TreeError(`${who}: ${path.slice(0, 40)}… is nested deeper than 100 levels; does it contain itself?`);
  const keys = Object.keys(node);
  if (isWhole(node, keys)) return keys;
  throw new TreeError(`${who}: ${path} must be a list of trees, got ${keys.length} entries in ${show(node)}`);
}

const mostLevels = 100;

/** Whether a node is none with holes, or with entries beside those of its list. */
const isWhole = (node: Node, keys: readonly string[]): boolean =>
  !isArray(node) || (isList(node) && keys.length === node.length);

/** A tree of the structure of `like`, with `values` where its tensors stand. */
export function unflatten<T>(like: T, values: Iterable<unknown>): T {
  const next = values[Symbol.iterator]();
  const build = (node: unknown): unknown => {
    if (node instanceof Tensor) return next.next().value;
    if (isArray(node)) return node.map(build);
    return Object.fromEntries(Object.entries(node as Node).map(([key, entry]) => [key, build(entry)]));
  };
  return build(like) as T;
}

/** An array or object with `f` of each entry and its path. */
export function mapNode(node: Node, path: string, f: (entry: unknown, path: string) => unknown): unknown {
  if (isArray(node)) return node.map((entry, i) => f(entry, `${path}[${i}]`));
  return Object.fromEntries(Object.entries(node).map(([key, entry]) => [key, f(entry, childPath(node, path, key))]));
}

/** A tree and what messages call it. */
export type Named = readonly [tree: unknown, path: string];

/** The tensors of `tree` in the order of `like`, whose structure it must have. @throws TreeError with both paths. */
export function leavesLike(who: string, like: Named, tree: Named): Tensor[] {
  const found: Tensor[] = [];
  return collectLike(like[0], tree[0], found) ? found : comparedWithPaths(who, like, tree);
}

/** Adds the tensors of `tree` in the order of `like` to `found`; false if their structures differ. Again without paths. */
function collectLike(like: unknown, tree: unknown, found: Tensor[]): boolean {
  if (like instanceof Tensor) return tree instanceof Tensor && found.push(tree) > 0;
  if (!isNode(tree) || isArray(tree) !== isArray(like)) return false;
  const keys = Object.keys(like as Node);
  return (
    Object.keys(tree).length === keys.length &&
    keys.every((key) => Object.hasOwn(tree, key) && collectLike(child(like as Node, key), child(tree, key), found))
  );
}

function comparedWithPaths(who: string, [like, likePath]: Named, [tree, path]: Named): Tensor[] {
  const mismatch = (wanted: string, came: string) => {
    const cure = isArray(like) && !isArray(tree) ? "; write [...]" : "";
    return new TreeError(`${who}: ${path} must be ${wanted}, as ${likePath} is; got ${came}${cure}`);
  };
  if (like instanceof Tensor) {
    if (tree instanceof Tensor) return [tree];
    throw mismatch("a tensor", show(tree));
  }
  const keys = Object.keys(like as Node);
  const fits = isNode(tree) && isArray(tree) === isArray(like) && Object.keys(tree).length === keys.length;
  if (!fits || keys.some((key) => !Object.hasOwn(tree, key))) throw mismatch(nodeText(like), nodeText(tree));
  return keys.flatMap((key) =>
    comparedWithPaths(
      who,
      [child(like as Node, key), childPath(like, likePath, key)],
      [child(tree, key), childPath(tree, path, key)],
    ),
  );
}

/** As `leavesLike`, where each tensor must have the dtype and shape of its partner. @throws ShapeError otherwise. */
export function leavesAlike(who: string, like: Named, tree: Named): Tensor[] {
  const wanted = leaves(who, ...like);
  return leavesLike(who, like, tree).map((came, i) => {
    if (isAlike(came, wanted[i]!)) return came;
    const [path, likePath] = [tree, like].map((named) => paths(who, named)[i]);
    const cure = came.dtype === wanted[i]!.dtype ? "" : `; write cast(..., { dtype: "${wanted[i]!.dtype}" })`;
    throw new ShapeError(
      `${who}: ${path} must have the dtype and shape of ${likePath}, ${kindText(wanted[i]!)}; got ${kindText(came)}${cure}`,
    );
  });
}

function paths(who: string, [tree, path]: Named): string[] {
  const found: string[] = [];
  walk(who, tree, path, (_, place) => found.push(place));
  return found;
}

/** The float tensors of a tree, which alone carry derivatives, and the tree with others in their place. */
export function floatsOf<T>(
  who: string,
  [tree, path]: readonly [T, string],
): { floats: Tensor[]; withFloats: (given: readonly Tensor[], elsewhere?: (leaf: Tensor) => Tensor) => T } {
  const all = leaves(who, tree, path);
  return {
    floats: all.filter((leaf) => isFloat(leaf.dtype)),
    withFloats: (given, elsewhere = (leaf) => leaf) => {
      const next = given.values();
      return unflatten(
        tree,
        all.map((leaf) => (isFloat(leaf.dtype) ? next.next().value : elsewhere(leaf))),
      );
    },
  };
}

/**
 * `f` of each tensor of `tree` and of the tensors at the same place in `others`, as a tree of the same structure:
 * `treeMap((p, g) => axpy(-rate, g, p), params, grads)`.
 */
export function treeMap<T>(
  f: (leaf: Tensor, ...others: Tensor[]) => Tensor,
  tree: T & TreesOnly<T>,
  ...others: NoInfer<T>[]
): T {
  mustBeFunction("treeMap", f);
  const first = leaves("treeMap", tree, "tree");
  const rest = others.map((other, i) => leavesLike("treeMap", [tree, "tree"], [other, `others[${i}]`]));
  return unflatten<T>(
    tree,
    first.map((leaf, i) => f(leaf, ...rest.map((list) => list[i]!))),
  );
}

// String(f) would call what the user may have written over it
const sourceOf = (f: object): string => Function.prototype.toString.call(f);

/** How messages call argument `i` of `f`: by its name where the source of `f` shows one. */
export function argumentName(f: (...args: never) => unknown, i: number): string {
  const [, list = ""] = /^(?:async\s+)?(?:function\s*[\w$]*\s*)?\(?([\w$,\s]*)/.exec(sourceOf(f).slice(0, 200)) ?? [];
  return list.split(",")[i]?.trim() || `argument ${i}`;
}

/** Plain arrays and objects hold trees; instances of a class would lose their prototype, so they do not. */
export function isNode(x: unknown): x is Node {
  if (typeof x !== "object" || x === null) return false;
  const prototype = prototypeOf(x);
  return isArray(x) || prototype === Object.prototype || prototype === null;
}

const child = (node: Node, key: string): unknown => (node as { readonly [key: string]: unknown })[key];

/** `params.layers[1].w`, or where the tree itself has no name, "the value of f at layers[1].w". */
function childPath(node: unknown, path: string, key: string): string {
  const isBare = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key);
  const step = isArray(node) ? `[${key}]` : isBare ? `.${key}` : `[${JSON.stringify(key)}]`;
  return /^\w+ /.test(path) && !path.includes(" at ") ? `${path} at ${step.replace(/^\./, "")}` : path + step;
}

const nodeText = (x: unknown): string =>
  isNode(x) && !isArray(x) ? `an object with ${Object.keys(x).join(", ") || "no keys"}` : show(x);
