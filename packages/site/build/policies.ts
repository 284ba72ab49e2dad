// Finds the policies of docs/numerics.md that apply to an op.

export interface Policy {
  readonly case: string;
  readonly result: string;
  readonly reason: string;
}

/**
 * Names of ops that are also English words. A row of the tables is about such an op only if the row begins with the
 * name.
 */
const everyday: ReadonlySet<string> = new Set("all any at equal mean sign split where".split(" "));

/** Returns, for each op, the rows of the tables in docs/numerics.md that mention the op. */
export function policiesOf(numerics: string, names: readonly string[]): ReadonlyMap<string, readonly Policy[]> {
  const [, policies = ""] = /^## Policies$(.*?)^## /ms.exec(numerics) ?? [];
  const rows = policies
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (?:---|case \|)/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  const found = new Map<string, Policy[]>();
  for (const [, about = "", result = "", reason = ""] of rows)
    for (const name of names)
      if (isAbout(about, name)) found.set(name, [...(found.get(name) ?? []), { case: about, result, reason }]);
  return found;
}

function isAbout(about: string, name: string): boolean {
  const words = new RegExp(String.raw`(?<![\w.])${name}(?!\w)`);
  if (!everyday.has(name)) return words.test(about);
  const [list = ""] = /^\w+(?:(?:,| and) \w+)*/.exec(about.replace(/^NaN in /, "")) ?? [];
  const listed = list.split(/,? and |, /);
  const isFirst = listed[0] === name && !about.startsWith(`${name} of`);
  return isFirst || (listed.length >= 3 && listed.includes(name));
}
