// The only script of sandbox.html, the iframe between the page and the worker. It starts the worker from text that the
// page sends, connects it to the page with a message port, and terminates it.
let worker;
let url;
addEventListener("message", ({ data, source, ports }) => {
  if (source !== parent) return;
  worker?.terminate();
  worker = undefined;
  if (data.code !== undefined) url = URL.createObjectURL(new Blob([data.code], { type: "text/javascript" }));
  if (ports.length === 0) return;
  worker = new Worker(url);
  worker.postMessage(null, ports);
});
parent.postMessage("ready", "*");
