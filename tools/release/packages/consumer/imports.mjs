// Measures how long the import of core and ops takes.
const start = performance.now();
await import("@wengert/core");
await import("@wengert/ops");
console.log(performance.now() - start);
