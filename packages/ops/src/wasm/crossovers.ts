// From which size WebAssembly pays. A choice that could change the last bits of a result looks at what the result is made of
// alone, never at what stands beside it: so a row gives the same alone and in a batch.

/**
 * Products: from how many entries of B, [k, n], on. Measured for one row of A, which gains least, and B by rows and by columns,
 * in processes of their own for plain loops and for WebAssembly: minima of 75 rounds, n from 1 to 128.
 */
export const product32 = 256;
export const product64 = 320;

/** exp, log, tanh and sigmoid, and arithmetic: from how many elements on. Measured with copies, without broadcasting. */
export const functions = 64;
export const arithmetic = 192;
