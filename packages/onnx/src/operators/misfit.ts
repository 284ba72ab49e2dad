import { ShapeError } from "@wengert/core";

/** Returns the error for tensors whose shapes an operator cannot process. The interpreter adds the node's name. */
export const misfit = (problem: string): ShapeError => new ShapeError(problem);
