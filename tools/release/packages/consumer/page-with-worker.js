// Runs the probe in a worker. Bundlers recognize the expression `new Worker(new URL(…))`.
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
globalThis.answer = new Promise((resolve, reject) => {
  worker.onmessage = ({ data: { answer, error } }) => (answer ? resolve(answer) : reject(new Error(error)));
  worker.onerror = ({ message }) => reject(new Error(message ?? "the worker could not be loaded"));
});
