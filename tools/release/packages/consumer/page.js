// On a page, or in a bundle of it that Node runs.
import { others } from "./others.js";
import { probe } from "./probe.js";

globalThis.answer = others().then(probe);
