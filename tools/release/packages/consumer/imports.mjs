// How long a program waits for what it imports.
const start = performance.now();
await import("@wengert/core");
await import("@wengert/ops");
console.log(performance.now() - start);
