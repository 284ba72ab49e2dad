// Starts a classic worker, a script without modules.
const worker = new Worker("classic-worker.js");
globalThis.answer = new Promise((resolve, reject) => {
  worker.onmessage = ({ data: { answer, error } }) => (answer ? resolve(answer) : reject(new Error(error)));
  worker.onerror = ({ message }) => reject(new Error(message ?? "the worker could not be loaded"));
});
