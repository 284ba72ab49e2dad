import { lineY, plot } from "@observablehq/plot";

/**
 * The functions of Observable Plot that the explorer uses. Together they have two thirds of the size of the whole
 * library, and are loaded on demand.
 */
export const marks = { lineY, plot };
