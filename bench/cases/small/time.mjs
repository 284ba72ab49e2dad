/** `node time.mjs NAME` prints the time to import the module NAME of this folder and to compute a first gradient. */
const [name] = process.argv.slice(2);
const begin = performance.now();
const { gradient } = await import(`./${name}.mjs`);
const numbers = await gradient();
const milliseconds = performance.now() - begin;
console.log(JSON.stringify({ milliseconds, gradient: [...numbers] }));
process.exit(0);
