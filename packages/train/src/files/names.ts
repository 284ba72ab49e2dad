import { type DataError, Tensor } from "@wengert/core";
import { leaves, unflatten } from "@wengert/core/extend";
import { jsonReader, quoted } from "./json.ts";

/** The metadata key under which a file stores the structure of its tree. */
export const structureKey = "wengert.tree";

/**
 * Returns a unique name for each tensor of a tree, in order. The name is the tensor's path, such as `layers.0.W`, as in
 * PyTorch's state_dict. A tree that is a single tensor gets the name `tensor`. If two tensors have the same path, as in
 * { "a.b": …, a: { b: … } }, a number is appended to the second name.
 * @throws TreeError unless `tree` is a tree of tensors
 */
export function namesOf(caller: string, tree: unknown, path: string): readonly string[] {
  leaves(caller, tree, path);
  const names = new Set<string>();
  const visit = (node: unknown, above: string | undefined): void => {
    if (node instanceof Tensor) {
      const pathName = above ?? "tensor";
      let name = pathName;
      for (let i = 2; names.has(name) || name === "__metadata__"; i++) name = `${pathName}~${i}`;
      names.add(name);
    } else
      for (const [key, entry] of Object.entries(node as object))
        visit(entry, above === undefined ? key : `${above}.${key}`);
  };
  visit(tree, undefined);
  return [...names];
}

/** Returns the structure of a tree as JSON in which each tensor is replaced by the tensor's name. */
export const structureText = (tree: unknown, names: readonly string[]): string =>
  JSON.stringify(unflatten(tree, names));

/**
 * Checks the JSON of a tree's structure: each of `names` must appear exactly once. Does not build the tree, because a
 * malicious text could describe a huge one. `makeError` creates the error to throw from a description of the problem.
 */
export function checkStructure(text: string, names: Iterable<string>, makeError: (what: string) => DataError): void {
  const json = jsonReader(text, (what) => new Error(what));
  const unused = new Set(names);
  const visit = (depth: number): void => {
    if (depth > 101) throw json.unexpected("no more than 100 levels");
    if (json.isNext("[")) json.list(() => visit(depth + 1));
    else if (json.isNext("{")) json.members(() => visit(depth + 1));
    else {
      const name = json.string();
      if (!unused.delete(name)) throw new Error(`${quoted(name)} is not a tensor of the file, or appears twice`);
    }
  };
  try {
    visit(0);
    json.end();
    for (const name of unused) throw new Error(`the tensor ${quoted(name)} is missing`);
  } catch (error) {
    throw makeError((error as Error).message); // a new error, because the stack of the original may be 100 levels deep
  }
}

/** Builds the tree from the JSON of its structure, which must have been checked. */
export function treeOf(text: string, tensors: ReadonlyMap<string, Tensor>): unknown {
  const json = jsonReader(text, (what) => new Error(what));
  const build = (): unknown => {
    if (json.isNext("[")) {
      const node: unknown[] = [];
      json.list(() => node.push(build()));
      return node;
    }
    if (!json.isNext("{")) return tensors.get(json.string());
    const node: [string, unknown][] = [];
    const neverTaken = () => false;
    json.members((key) => node.push([key, build()]), neverTaken);
    return Object.fromEntries(node); // treats __proto__ as an ordinary key
  };
  return build();
}
