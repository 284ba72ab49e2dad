import { contour, dot, identity, line, plot } from "@observablehq/plot";

/** The functions of Observable Plot that draw contours. The page loads them with the first landscape. */
export const marks = { contour, dot, identity, line, plot };
export type ContourMarks = typeof marks;
