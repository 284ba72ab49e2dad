import { type DataError, Tensor } from "@wengert/core";
import { leaves, unflatten } from "@wengert/core/extend";
import { jsonReader, quoted } from "./json.ts";

/** The metadata key of the tree's structure. */
export const structureKey = "wengert.tree";

/**
 * A name for each tensor of a tree, in their order: its path, as in PyTorch's state_dict, `layers.0.W`. A lone tensor is called
 * `tensor`; where a path is taken, as `a.b` may be by { "a.b": … } and by { a: { b: … } }, a number is put behind it.
 * @throws TreeError for what is no tree
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

/** The structure of a tree as JSON: the tree itself, with names in place of its tensors. */
export const structureText = (tree: unknown, names: readonly string[]): string =>
  JSON.stringify(unflatten(tree, names));

/**
 * Checks such a text, in which each of `names` must stand once, without building what it says: that may be much more than the text.
 * `makeError` says what was wrong.
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
      if (!unused.delete(name)) throw new Error(`${quoted(name)} is no tensor of the file, or stands there twice`);
    }
  };
  try {
    visit(0);
    json.end();
    for (const name of unused) throw new Error(`the tensor ${quoted(name)} has no place there`);
  } catch (error) {
    throw makeError((error as Error).message); // from here, not from many levels below
  }
}

/** The tree of a text that has been checked. */
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
    return Object.fromEntries(node); // __proto__ is a key like any other
  };
  return build();
}
