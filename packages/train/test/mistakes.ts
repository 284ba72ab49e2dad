// Mistakes, as a user would write them: for each function of train, whatever it refuses. What they are told stands in
// errors.snapshot.md, and errors.test.ts finds out whether a message of the sources is missing here: each place where an
// error is made must be reached, and each piece of text of two words or more in a file with such a place must be read.
//
// To add some: a line of JavaScript under the heading of what is called, with `await` before what is asynchronous; what
// several of them need goes to the prelude, and what is no function of core, ops or train to the scope in errors.test.ts.
// Then `npx vitest run --project train errors -u`, and read what errors.snapshot.md says as a user would.

import type { Chapter } from "../../ops/test/told.ts";

/** What the mistakes are made with. `folder` is an empty folder, whose name the page leaves out. */
export const prelude = `
const params = { W: zeros([3, 2], { label: "W" }), b: zeros([2], { label: "b" }) };
const path = (name) => folder + "/" + name;
`;

export const mistakes: Chapter = {
  "Files in a page": ['await inPage(() => builtin("load", "node:fs/promises"))'],
};

/** Functions that refuse nothing themselves, each with why. */
export const silent: Readonly<Record<string, string>> = {
  applyUpdates: "treeMap speaks for it",
};
