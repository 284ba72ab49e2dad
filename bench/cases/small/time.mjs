/** `node time.mjs NAME`: does the same as pytorch.py for the module NAME in this folder. */
const [name] = process.argv.slice(2);
const begin = performance.now();
const { gradient } = await import(`./${name}.mjs`);
const numbers = await gradient();
const milliseconds = performance.now() - begin;
console.log(JSON.stringify({ milliseconds, gradient: [...numbers] }));
process.exit(0);
