// A module to load before an example, with `node --import .../interrupt.mjs?SIGINT`. When the example writes its first
// progress line, the module emits SIGINT in the process, as if the user had pressed Ctrl-C at this step.

const signal = new URL(import.meta.url).search.slice(1);
const { write } = process.stdout;
process.stdout.write = (text, ...rest) => {
  if (/\d %/.test(text)) {
    process.stdout.write = write;
    process.emit(signal, signal);
  }
  return write.call(process.stdout, text, ...rest);
};
