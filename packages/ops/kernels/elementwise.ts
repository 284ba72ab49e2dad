// y = a ∘ b over rows of n entries. An operand has the shape of y, or one row, which is read again for each row of y
// (aRow = 0), or one entry a row (aCol = 0), or one entry. Strides are in bytes.

/** Four entries from p on, or the one there four times. */
// @ts-ignore: decorator
@inline
function at32(p: usize, column: usize): v128 {
  return column == 0 ? v128.load32_splat(p) : v128.load(p);
}

export function add32(rows: i32, n: i32, y: usize, a: usize, b: usize, aRow: usize, aCol: usize, bRow: usize, bCol: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let l: usize = 0; l < <usize>n; l += 4)
      v128.store(y + (l << 2), f32x4.add(at32(a + l * aCol, aCol), at32(b + l * bCol, bCol)));
    y += <usize>n << 2;
    a += aRow;
    b += bRow;
  }
}
