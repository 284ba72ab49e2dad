// Measures the import time of core and ops.
const start = performance.now();
await import("@wengert/core");
await import("@wengert/ops");
console.log(performance.now() - start);
