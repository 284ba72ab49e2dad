import { readFileSync } from "node:fs";
import { kernels } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { boundOfResidual, measureResiduals, residualTable } from "./residuals.ts";

const before = kernels().choice;
const measured = kernels().available.map((name) => {
  kernels(name);
  return [name, measureResiduals()] as const;
});
kernels(before);

describe.each(measured)(
  "errors of %s kernels against exact arithmetic are within their bounds",
  (running, residuals) => {
    for (const residual of residuals)
      it(`${residual.op}, ${residual.quantity} in ${residual.dtype}`, () =>
        expect(residual.error).toBeLessThanOrEqual(boundOfResidual(residual, running)));
  },
);

it("docs/numerics.md has a line for each measured quantity", () => {
  const page = readFileSync(new URL("../../../docs/numerics.md", import.meta.url), "utf8");
  for (const row of residualTable(measured[0]![1]).split("\n"))
    expect(page).toContain(`\n${row.split(" | ").slice(0, 2).join(" | ")} |`);
});
