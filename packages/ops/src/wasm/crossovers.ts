// The sizes from which WebAssembly is faster than plain loops. Where WebAssembly and plain loops may differ in the last
// bits of a result, the choice depends only on the number of terms in each sum, not on the batch size. So a row gives
// the same bits alone and in a batch.

/**
 * The smallest number of entries of B [k, n] for which a matrix product A B uses WebAssembly, in float32 and in
 * float64. Both limits were measured for a single row of A, for which WebAssembly helps least, and for n from 1 to 128.
 */
export const product32 = 256;
export const product64 = 320;

/**
 * Convolutions use WebAssembly if the kernel has at least this many entries. This minimum is lower than
 * that of matrix products, because a convolution multiplies many rows (one per window) by the kernel.
 */
export const windowProduct = 64;

/**
 * The minimum number of elements for which exp, log, tanh and sigmoid use WebAssembly. `arithmetic` is the minimum for
 * arithmetic such as a + b. Both numbers were measured including the copies into WebAssembly memory, and without
 * broadcasting.
 */
export const functions = 64;
export const arithmetic = 192;

/** The minimum number of random numbers for which WebAssembly draws them. */
export const random = 4;
