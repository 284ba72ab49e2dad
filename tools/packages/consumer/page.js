// On a page, or in a bundle of it that Node runs.
import { probe } from "./probe.js";

globalThis.answer = probe();
