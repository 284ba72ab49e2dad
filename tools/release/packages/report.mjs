/** Prints a line for each test step, and a table of all steps at the end. */

/** @typedef {{ part: string, host: string, what: string, failure?: string }} Outcome */

/** @type {Outcome[]} */
export const outcomes = [];

/**
 * Runs a test step and prints its outcome. If the step fails, records the failure and continues with the next step.
 * @param {string} part the heading in the table @param {string} host the tool and its version
 * @param {string} what @param {() => unknown} run may return a promise; a returned string is printed
 */
export async function step(part, host, what, run) {
  const start = performance.now();
  const title = `${part}: ${host}: ${what}`;
  try {
    const told = await run();
    outcomes.push({ part, host, what });
    console.log(`ok      ${title} (${seconds(start)}${typeof told === "string" ? `; ${told}` : ""})`);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    outcomes.push({ part, host, what, failure });
    console.log(`FAILED  ${title} (${seconds(start)})\n${failure.trim().replaceAll(/^/gm, "        ")}`);
  }
}

/** @param {number} start */
const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** Returns the outcomes of the test steps as a Markdown table with a row for each tool. @returns {string} */
export function table() {
  /** @type {Map<string, { part: string, host: string, what: string[] }>} */
  const rows = new Map();
  for (const { part, host, what, failure } of outcomes) {
    const key = `${part} ${host}`;
    const row = rows.get(key) ?? { part, host, what: [] };
    rows.set(key, row);
    row.what.push(failure === undefined ? what : `**failed**: ${what}`);
  }
  const lines = [...rows.values()].map(({ part, host, what }) => `| ${part} | ${host} | ${what.join("; ")} |`);
  return ["| | with | done |", "| --- | --- | --- |", ...lines].join("\n");
}
