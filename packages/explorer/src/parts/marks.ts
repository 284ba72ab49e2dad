import { lineY, plot } from "@observablehq/plot";

/**
 * The functions of Observable Plot that the explorer uses. They have two thirds of Plot's size, and are loaded on
 * demand.
 */
export const marks = { lineY, plot };
