/** Compares the numbers of two probes, bit for bit. */

/** @typedef {Record<string, (number | string)[]>} Numbers - By the name of what they are of; those that JSON does not have as texts. */
/** @typedef {{ available: readonly string[], numbers: Record<string, Numbers> }} Probe - By kernels. */

/**
 * By which kernels the two were compared, and how many numbers. Whether `relaxed_madd` rounds once or twice is the engine's choice:
 * where it is twice, the numbers of fma are to be those of simd.
 * @param {Probe} got @param {Probe} wanted @returns {string} @throws what differs
 */
export function compared(got, wanted) {
  const shared = got.available.filter((name) => wanted.available.includes(name));
  let count = 0;
  /** @type {string[]} */
  const told = [];
  /** @type {string[]} */
  const wrong = [];
  for (const kernels of shared) {
    const [numbers, right] = [got.numbers[kernels] ?? {}, wanted.numbers[kernels] ?? {}];
    count += Object.values(right).reduce((sum, { length }) => sum + length, 0);
    const found = differences(numbers, right);
    const isUnfused =
      kernels === "fma" && found.length > 0 && differences(numbers, got.numbers.simd ?? {}).length === 0;
    told.push(isUnfused ? "fma (which this engine rounds twice: as simd)" : kernels);
    if (!isUnfused) wrong.push(...found.map((text) => `${kernels}: ${text}`));
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} results differ:\n${wrong.slice(0, 20).join("\n")}`);
  return `${count} numbers equal, by ${told.join(", ")}`;
}

/** @param {Numbers} got @param {Numbers} wanted @returns {string[]} */
function differences(got, wanted) {
  return [...new Set([...Object.keys(got), ...Object.keys(wanted)])].flatMap((name) => {
    const [x, y] = [got[name] ?? [], wanted[name] ?? []];
    const at = y.findIndex((value, i) => value !== x[i]);
    return at < 0 && x.length === y.length ? [] : `${name}: [${at}] is ${x[at]}, not ${y[at]}`;
  });
}

/** @param {string} text what a program of the folder consumer printed @returns {Probe} */
export function answerOf(text) {
  const line = text.split("\n").find((line) => line.startsWith("answer: "));
  if (line === undefined) throw new Error(`there is no answer in ${text.slice(0, 1000)}`);
  return JSON.parse(line.slice("answer: ".length));
}
