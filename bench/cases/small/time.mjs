/**
 * Prints the time from before the import to the first gradient for the module NAME in this folder: `node time.mjs NAME`.
 */
const [name] = process.argv.slice(2);
const begin = performance.now();
const { gradient } = await import(`./${name}.mjs`);
const numbers = await gradient();
const milliseconds = performance.now() - begin;
console.log(JSON.stringify({ milliseconds, gradient: [...numbers] }));
process.exit(0);
