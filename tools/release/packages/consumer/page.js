// Runs on a page, or as a bundle in Node.
import { others } from "./others.js";
import { probe } from "./probe.js";

globalThis.answer = others().then(probe);
