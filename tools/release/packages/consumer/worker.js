import { probe } from "./probe.js";

probe().then(
  (answer) => self.postMessage({ answer }),
  (error) => self.postMessage({ error: String(error) }),
);
