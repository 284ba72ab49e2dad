/** The largest number of axes that a tensor can have. */
export const maxAxes = 64;

/**
 * Returns the number of bytes of an array of this shape, or `undefined` if the number is above 2^53. If an axis has
 * size 0, the product of the other sizes must also be at most 2^53, as in NumPy, because strides are such products.
 */
export function bytesOf(shape: readonly number[], width: number): number | undefined {
  const most = shape.reduce((bytes, n) => bytes * (n || 1), width);
  return most > 2 ** 53 ? undefined : shape.includes(0) ? 0 : most;
}
