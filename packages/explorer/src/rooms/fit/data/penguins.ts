import text from "virtual:penguins";
import { matrix, readCsv } from "@wengert/data";
import { standardize } from "@wengert/train";

const [length, depth] = ["Beak Length (mm)", "Beak Depth (mm)"] as const;

/**
 * Loads the penguins data set as points of three classes. The coordinates are length and depth of the beak, both
 * standardized.
 */
export async function penguinPoints(): Promise<{ readonly x: number; readonly y: number; readonly k: number }[]> {
  const columns = { [length]: "number", [depth]: "number", Species: "category" } as const;
  const table = await readCsv(new Blob([text]), { columns, missing: "drop" });
  const beaks = matrix(table, [length, depth]);
  const species = table.columns.Species.toNested<number[]>();
  return standardize(beaks)
    .transform(beaks)
    .toNested<[number, number][]>()
    .map(([x, y], i) => ({ x, y, k: species[i]! }));
}
