// The sizes from which WebAssembly is faster. If a choice could change the last bits of a result, it depends only on
// the sizes that enter each element, not on the batch. A row therefore gives the same bits alone and in a batch.

/**
 * The minimum number of entries of B, [k, n], for products. Measured for one row of A, which gains least, with B stored
 * by rows and by columns, and n from 1 to 128. Plain loops and WebAssembly ran in separate processes; minima of 75
 * rounds.
 */
export const product32 = 256;
export const product64 = 320;

/**
 * The minimum numbers of elements for exp, log, tanh and sigmoid, and for arithmetic. Measured with copies, without
 * broadcasting.
 */
export const functions = 64;
export const arithmetic = 192;
