import { lineY, plot } from "@observablehq/plot";

/** What the plots here use of Observable Plot, two thirds of the whole in bytes. It comes on demand. */
export const marks = { lineY, plot };
