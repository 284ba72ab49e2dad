// Runs on a page with only an import map.
import { probe } from "./probe.js";

globalThis.answer = probe();
