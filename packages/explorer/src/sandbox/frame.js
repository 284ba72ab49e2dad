// The only script of sandbox.html, the frame between the page and the worker. It starts the worker that the page gives it
// as text, hands it the page's port, and ends it.
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
