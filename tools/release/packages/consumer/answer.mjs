// Runs a bundle in Node: it leaves a promise, as on a page.
import { pathToFileURL } from "node:url";

await import(pathToFileURL(process.argv[2]).href);
console.log(`answer: ${JSON.stringify(await globalThis.answer)}`);
