import { runInNewContext } from "node:vm";
import { build, type Rollup } from "vite";
import { expect, test } from "vitest";

// What a page gets: one bundle, and no more than the language itself around it.
test("core and ops run without Node", async () => {
  const program = `
    import { grad, hessian, tensor } from "@wengert/core";
    import { log, mul, softmax, sum } from "@wengert/ops";
    const f = (x) => sum(mul(softmax(x), log(softmax(x))));
    globalThis.answer = [grad(f)(tensor([1, 2, 3])), hessian(f)(tensor([1, 2, 3]))].join(" ");
  `;
  const { output } = (await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@wengert/source"] },
    build: { write: false, rolldownOptions: { input: "program", output: { format: "iife" } } },
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === "program" ? `${import.meta.dirname}/program.js` : undefined),
        load: (id) => (id.endsWith("/program.js") ? program : undefined),
      },
    ],
  })) as Rollup.RollupOutput;
  const page: { answer?: string } = {};
  runInNewContext(output[0].code, page);
  expect(page.answer).toMatch(/^tensor\(\[-0\.14181709, -0\.14077036, {2}0\.28258745\], float64\) tensor/);
});
