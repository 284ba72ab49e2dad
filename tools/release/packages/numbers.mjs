/** Compares the results of two runs of the test program probe.js bit for bit. */

/** @typedef {Record<string, (number | string)[]>} Numbers - by the name of the result; numbers that JSON lacks are strings. */
/** @typedef {{ available: readonly string[], numbers: Record<string, Numbers> }} Probe - `numbers` by kernels. */

/**
 * Compares the results of two runs of the test program probe.js. Returns a summary that counts the compared kernels and
 * numbers. Some JavaScript engines round the fused multiply-add `relaxed_madd` twice, after the product and after the
 * sum. There, the results of the kernels "fma" must equal those of "simd".
 * @param {Probe} got @param {Probe} wanted @returns {string} @throws Error with the differences
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
    told.push(isUnfused ? "fma (rounded twice by this engine, equal to simd)" : kernels);
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
    return at < 0 && x.length === y.length ? [] : `${name}: [${at}] is ${x[at]}, expected ${y[at]}`;
  });
}

/**
 * Extracts the results of probe.js from the output of a test program.
 * @param {string} text the output of a program in the folder `consumer` @returns {Probe}
 */
export function answerOf(text) {
  const line = text.split("\n").find((line) => line.startsWith("answer: "));
  if (line === undefined) throw new Error(`expected a line with an answer, got ${text.slice(0, 1000)}`);
  return JSON.parse(line.slice("answer: ".length));
}
