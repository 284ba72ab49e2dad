/** The largest rank of a tensor. */
export const maxAxes = 64;

/**
 * Returns the bytes that an array of this shape takes, `undefined` above 2^53. If an axis has size 0, the product of the
 * other sizes has the same limit, as in NumPy, because strides are such products.
 */
export function bytesOf(shape: readonly number[], width: number): number | undefined {
  const most = shape.reduce((bytes, n) => bytes * (n || 1), width);
  return most > 2 ** 53 ? undefined : shape.includes(0) ? 0 : most;
}
