// Simulates Ctrl-C in an example. `node --import .../interrupt.mjs?SIGINT` loads this module before the example. When
// the example prints its first progress line, this module emits SIGINT.

const signal = new URL(import.meta.url).search.slice(1);
const { write } = process.stdout;
process.stdout.write = (text, ...rest) => {
  if (/\d %/.test(text)) {
    process.stdout.write = write;
    process.emit(signal, signal);
  }
  return write.call(process.stdout, text, ...rest);
};
