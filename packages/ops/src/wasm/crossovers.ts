// The sizes from which WebAssembly is faster than plain loops. Where the choice may change the last bits of a result,
// it depends only on the number of terms per element, not on the batch size. So a row gives the same bits alone and in
// a batch.

/**
 * The minimum number of entries of the right matrix B, [k, n], for which products use WebAssembly. Measured for one row
 * of A, which gains least, with B stored by rows and by columns, and n from 1 to 128. Plain loops and WebAssembly ran
 * in separate processes; each time is the minimum of 75 rounds.
 */
export const product32 = 256;
export const product64 = 320;

/**
 * The minimum number of entries of the kernel, per group, for which convolutions use WebAssembly. Their left matrix has
 * one row per window, so the crossover is lower than for products.
 */
export const windowProduct = 64;

/**
 * The minimum number of elements for which exp, log, tanh and sigmoid use WebAssembly. `arithmetic` is the minimum for
 * arithmetic. Both were measured including copies, without broadcasting.
 */
export const functions = 64;
export const arithmetic = 192;

/** The minimum number of random numbers for which WebAssembly draws them. */
export const random = 4;
