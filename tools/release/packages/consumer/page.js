// Runs all checks on a page, or in Node as a bundle.
import { others } from "./others.js";
import { probe } from "./probe.js";

globalThis.answer = others().then(probe);
