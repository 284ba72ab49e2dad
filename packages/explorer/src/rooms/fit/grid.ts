/** The plane that is drawn: both axes run from −3 to 3. */
export const reach = 3;
/** The probabilities are computed at so many places along each axis, and interpolated between. */
export const nodes = 61;

/** The places of the grid, row by row from the top. */
export function gridPoints(): Float32Array {
  const points = new Float32Array(2 * nodes * nodes);
  const at = (i: number) => (2 * reach * i) / (nodes - 1) - reach;
  for (let i = 0; i < nodes; i++) for (let j = 0; j < nodes; j++) points.set([at(j), -at(i)], 2 * (i * nodes + j));
  return points;
}
