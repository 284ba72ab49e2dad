/** The largest rank of a tensor. */
export const maxAxes = 64;

/**
 * Returns the bytes that an array of this shape takes, `undefined` above 2^53. As in NumPy, the limit also holds for the product of
 * the other axes if one has size 0, because strides are such products.
 */
export function bytesOf(shape: readonly number[], width: number): number | undefined {
  const most = shape.reduce((bytes, n) => bytes * (n || 1), width);
  return most > 2 ** 53 ? undefined : shape.includes(0) ? 0 : most;
}
