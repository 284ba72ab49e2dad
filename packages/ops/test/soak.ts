/** Whether `npm run soak` runs the tests. Some tests then check all cases instead of a selection. */
export const isSoak = Boolean(process.env.WENGERT_SOAK);

/** Returns all cases in `npm run soak`, and every `n`-th case in `npm test`. */
export const sampled = <T>(cases: readonly T[], n: number): T[] => cases.filter((_, i) => isSoak || i % n === 0);

/**
 * Returns the dtypes with which to test the case `name`: both in `npm run soak`, and one in `npm test`. In `npm test`,
 * the dtype alternates along `names`, the list of all cases.
 */
export function dtypesOf(name: string, names: readonly string[]): readonly ("float64" | "float32")[] {
  if (isSoak) return ["float64", "float32"];
  return [names.indexOf(name) % 2 === 0 ? "float64" : "float32"];
}
