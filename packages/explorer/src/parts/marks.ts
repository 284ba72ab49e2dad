import { lineY, plot } from "@observablehq/plot";

/** The parts of Observable Plot in use, two thirds of its bytes. Loaded on demand. */
export const marks = { lineY, plot };
