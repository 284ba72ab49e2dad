// Runs a bundle in Node. As on a page, the bundle sets `globalThis.answer` to a promise.
import { pathToFileURL } from "node:url";

await import(pathToFileURL(process.argv[2]).href);
console.log(`answer: ${JSON.stringify(await globalThis.answer)}`);
