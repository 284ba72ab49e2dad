import { type DataError, Tensor } from "@wengert/core";
import { leaves, unflatten } from "@wengert/core/extend";
import { jsonReader, quoted } from "./json.ts";

/** The metadata key of the tree's structure. */
export const structureKey = "wengert.tree";

/**
 * Returns a name for each tensor of a tree, in order: its path, as in PyTorch's state_dict, `layers.0.W`. A tree that is a single
 * tensor has the name `tensor`. A number is appended to a path that is taken: { "a.b": … } and { a: { b: … } } both give `a.b`.
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

/** The structure of a tree as JSON: the tree with each tensor replaced by its name. */
export const structureText = (tree: unknown, names: readonly string[]): string =>
  JSON.stringify(unflatten(tree, names));

/**
 * Checks a structure text: each of `names` must appear exactly once. It does not build the tree, which may be much larger
 * than the text. `makeError` turns a problem into the error to throw.
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
    throw makeError((error as Error).message); // rethrown here, because the stack below may be 100 levels deep
  }
}

/** Builds the tree from a structure text that has been checked. */
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
