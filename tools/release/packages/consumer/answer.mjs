// Runs a bundle in Node and prints its result. The bundle sets `globalThis.answer` to a promise of the result.
import { pathToFileURL } from "node:url";

await import(pathToFileURL(process.argv[2]).href);
console.log(`answer: ${JSON.stringify(await globalThis.answer)}`);
