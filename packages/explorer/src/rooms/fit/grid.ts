/** Half the width of the plane with the data points: both axes run from −3 to 3. */
export const reach = 3;
/**
 * The number of grid points along each axis. Probabilities are computed at the grid points and interpolated between
 * them.
 */
export const nodes = 61;

/** Returns the probabilities at a point of the plane, interpolated from the probabilities on the grid. */
export function fieldAt(field: Float32Array, x: number, y: number): number[] {
  const classes = field.length / nodes ** 2;
  const scale = (nodes - 1) / (2 * reach);
  const [row, v] = cellOf((reach - y) * scale);
  const [column, u] = cellOf((x + reach) * scale);
  return Array.from({ length: classes }, (_, k) => {
    const at = (row * nodes + column) * classes + k;
    const above = field[at]! * (1 - u) + field[at + classes]! * u;
    const below = field[at + nodes * classes]! * (1 - u) + field[at + (nodes + 1) * classes]! * u;
    return above * (1 - v) + below * v;
  });
}

/**
 * Returns the index of the grid cell that contains a coordinate, along one axis, and the position within this cell,
 * from 0 to 1.
 */
export function cellOf(x: number): readonly [cell: number, part: number] {
  const cell = Math.min(Math.floor(x), nodes - 2);
  return [cell, x - cell];
}

/** The number of grid points along each axis of the pictures of hidden units. */
export const unitNodes = 31;

/** Returns the coordinates of the points of a grid with `count` points along each axis, row by row from the top. */
export function gridPoints(count = nodes): Float32Array {
  const points = new Float32Array(2 * count * count);
  const at = (i: number) => (2 * reach * i) / (count - 1) - reach;
  for (let i = 0; i < count; i++) for (let j = 0; j < count; j++) points.set([at(j), -at(i)], 2 * (i * count + j));
  return points;
}
