import { lineY, plot } from "@observablehq/plot";

/** The functions of Observable Plot that the explorer uses, two thirds of Plot's size. They are loaded on demand. */
export const marks = { lineY, plot };
