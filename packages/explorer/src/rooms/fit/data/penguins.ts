import text from "virtual:penguins";

/** Three species of penguins by length and depth of the beak, each with mean 0 and deviation 1. */
export function penguinPoints(): { readonly x: number; readonly y: number; readonly k: number }[] {
  const [header = [], ...rows] = text.split("\n").map((line) => line.split(","));
  const place = (name: string) => header.indexOf(name);
  const [species, length, depth] = [place("Species"), place("Beak Length (mm)"), place("Beak Depth (mm)")];
  const measured = rows.filter((row) => row[length] !== "" && row[depth] !== "");
  const names = [...new Set(measured.map((row) => row[species]!))].sort();
  const [x, y] = [length, depth].map((column) => standardised(measured.map((row) => Number(row[column]))));
  return measured.map((row, i) => ({ x: x![i]!, y: y![i]!, k: names.indexOf(row[species]!) }));
}

function standardised(xs: readonly number[]): number[] {
  const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
  const deviation = Math.sqrt(xs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / xs.length);
  return xs.map((x) => (x - mean) / deviation);
}
