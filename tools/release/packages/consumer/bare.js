// Runs the probe on a page with an import map and no bundler.
import { probe } from "./probe.js";

globalThis.answer = probe();
