// On a page that has an import map and nothing else.
import { probe } from "./probe.js";

globalThis.answer = probe();
