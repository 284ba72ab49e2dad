/**
 * Returns the known name that is most similar to a misspelled name, ignoring case; undefined if no name is similar. Of
 * equally similar names, returns the one that begins like the misspelled name.
 */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = normalize(name);
  let [closest, distance]: [string | undefined, number] = [undefined, Math.ceil(wanted.length / 3) + 1];
  for (const candidate of known) {
    const known = normalize(candidate);
    const edits = editDistance(wanted, known) + (known.slice(0, 2) === wanted.slice(0, 2) ? 0 : 0.5);
    if (edits < distance) [closest, distance] = [candidate, edits];
  }
  return closest;
}

const normalize = (name: string): string => name.toLowerCase().replaceAll("_", "");

/**
 * Returns the edit distance of two words: the number of characters to insert, delete, replace or swap with their
 * neighbor (restricted Damerau–Levenshtein).
 */
function editDistance(a: string, b: string): number {
  let [beforePrevious, previous]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, previous![j]! + 1, row[j - 1]! + 1);
      const swaps = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swaps) row[j] = Math.min(row[j]!, beforePrevious![j - 2]! + 1);
    }
    [beforePrevious, previous] = [previous, row];
  }
  return previous![b.length]!;
}
