// A module to load before an example with `node --import`. When the example writes its first progress line, the module
// emits SIGINT, as if the user had pressed Ctrl-C at this step.

const { write } = process.stdout;
process.stdout.write = (text, ...rest) => {
  if (/\d %/.test(text)) {
    process.stdout.write = write;
    process.emit("SIGINT", "SIGINT");
  }
  return write.call(process.stdout, text, ...rest);
};
