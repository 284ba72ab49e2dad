import { leaves, Tensor, unflatten } from "@wengert/core";
import type { DataError } from "../errors.ts";
import { jsonReader, quoted } from "./json.ts";

/** Where the structure of the tree stands among the metadata of a file. */
export const structureKey = "wengert.tree";

/** A tree with the names of its tensors where they stand. */
export type Structure = string | readonly Structure[] | { readonly [key: string]: Structure };

/**
 * A name for each tensor of a tree, in their order: its path, as in PyTorch's state_dict, `layers.0.W`. A lone tensor is called
 * `tensor`; where a path is taken, as `a.b` may be by { "a.b": … } and by { a: { b: … } }, a number is put behind it.
 * @throws TreeError for what is no tree
 */
export function namesOf(who: string, tree: unknown, path: string): readonly string[] {
  leaves(who, tree, path);
  const names = new Set<string>();
  const visit = (node: unknown, above: string | undefined): void => {
    if (node instanceof Tensor) {
      const wanted = above ?? "tensor";
      let name = wanted;
      for (let i = 2; names.has(name) || name === "__metadata__"; i++) name = `${wanted}~${i}`;
      names.add(name);
    } else
      for (const [key, entry] of Object.entries(node as object))
        visit(entry, above === undefined ? key : `${above}.${key}`);
  };
  visit(tree, undefined);
  return [...names];
}

/** The structure of a tree as a text: the tree itself, with their names where its tensors stand. */
export const structureText = (tree: unknown, names: readonly string[]): string =>
  JSON.stringify(unflatten(tree, names));

/** The structure in such a text, in which each of `names` must stand once. `refuse` says what was wrong. */
export function structureIn(text: string, names: Iterable<string>, refuse: (what: string) => DataError): Structure {
  const json = jsonReader(text, (what) => new Error(what));
  const left = new Set(names);
  const visit = (depth: number): Structure => {
    if (depth > 101) throw json.fail("no more than 100 levels");
    if (json.isNext("[")) {
      const node: Structure[] = [];
      json.list(() => node.push(visit(depth + 1)));
      return node;
    }
    if (json.isNext("{")) {
      const node: [string, Structure][] = [];
      json.members((key) => node.push([key, visit(depth + 1)]));
      return Object.fromEntries(node); // __proto__ is a key like any other
    }
    const name = json.string();
    if (!left.delete(name)) throw new Error(`${quoted(name)} is no tensor of the file, or stands there twice`);
    return name;
  };
  try {
    const structure = visit(0);
    json.end();
    for (const name of left) throw new Error(`the tensor ${quoted(name)} has no place there`);
    return structure;
  } catch (error) {
    throw refuse((error as Error).message); // from here, not from many levels below
  }
}

/** The tree of such a structure. */
export function filled(structure: Structure, tensors: ReadonlyMap<string, Tensor>): unknown {
  if (typeof structure === "string") return tensors.get(structure);
  if (Array.isArray(structure)) return structure.map((entry) => filled(entry, tensors));
  return Object.fromEntries(Object.entries(structure).map(([key, entry]) => [key, filled(entry, tensors)]));
}
