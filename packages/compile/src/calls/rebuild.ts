import { Tensor } from "@wengert/core";
import { isList } from "@wengert/core/extend";

/** Returns a tree of tensors. Calls `next` to get each tensor of the tree, in order. */
type Build = (next: () => Tensor) => unknown;

/**
 * Returns a function that makes trees with the structure of `tree` from lists of tensors. The returned function takes
 * half the time of `unflatten`, because the structure of `tree` is examined only once.
 */
export function builderOf(tree: unknown): (tensors: readonly Tensor[]) => unknown {
  const build = buildOf(tree);
  return (tensors) => {
    let i = 0;
    return build(() => tensors[i++]!);
  };
}

function buildOf(node: unknown): Build {
  if (node instanceof Tensor) return (next) => next();
  if (isList(node)) {
    const entries = node.map(buildOf);
    return (next) => {
      const list = new Array<unknown>(entries.length);
      for (let i = 0; i < entries.length; i++) list[i] = entries[i]!(next);
      return list;
    };
  }
  const entries = Object.entries(node as object).map(([key, entry]) => [key, buildOf(entry)] as const);
  if (entries.some(([key]) => key === "__proto__"))
    // assigning to the key `__proto__` would set the prototype of the object
    return (next) => Object.fromEntries(entries.map(([key, build]) => [key, build(next)]));
  return (next) => {
    const object: Record<string, unknown> = {};
    for (const [key, build] of entries) object[key] = build(next);
    return object;
  };
}
