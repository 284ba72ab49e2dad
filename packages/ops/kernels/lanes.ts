export function sum32(rows: i32, n: i32, y: usize, x: usize): void {
  for (let row = 0; row < rows; row++) {
    let s: f64 = 0;
    for (let l = 0; l < n; l++) s += <f64>load<f32>(x + (<usize>l << 2));
    store<f32>(y, <f32>s);
    y += 4;
    x += <usize>n << 2;
  }
}
