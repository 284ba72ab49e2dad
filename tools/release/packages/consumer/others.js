// Tests data and report, whose dependencies need a bundler or a runtime instead of an import map.
import { tensor } from "@wengert/core";
import { matrix, readCsv, readNpy, toNpy } from "@wengert/data";
import { report } from "@wengert/report";

/** Reads a table, reads an array and renders a report. @throws Error if a result is wrong */
export async function others() {
  const table = await readCsv(new Blob(["a,b\n1,2\n3,4.5\n"]), { columns: { a: "number", b: "number" } });
  const x = matrix(table, ["a", "b"]);
  const again = String(await readNpy(toNpy(x)));
  const wanted = String(
    tensor([
      [1, 2],
      [3, 4.5],
    ]),
  );
  if (again !== wanted) throw new Error(`expected ${wanted}, read ${again}`);
  const curve = [1, 2, 3].map((step) => ({ step, epoch: step, loss: 1 / step, metrics: {} }));
  const labels = tensor([0, 1], { dtype: "int32" });
  const page = await report({ train: curve, validation: [] }, { title: "A probe", labels, scores: x });
  if (!page.includes("<svg") || !page.includes("A probe")) throw new Error(`the report is ${page.slice(0, 500)}`);
}
