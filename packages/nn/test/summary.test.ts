import * as nn from "@wengert/nn";
import { relu } from "@wengert/ops";
import { expect, test } from "vitest";

test("summary lists layers with their output shapes and numbers of parameters", () => {
  const net = nn.sequential(
    nn.conv2d(32, { size: 3 }),
    relu,
    nn.maxPool2d({ size: 2 }),
    nn.residual(nn.parallel([nn.conv2d(16, { size: 3, padding: "same" }), nn.conv2d(16, { size: 1 })]), relu),
    nn.flatten,
    nn.dropout(0.5),
    nn.dense(10),
  );
  expect(`\n${nn.summary(net, [1, 28, 28, 1])}\n`).toBe(`
       layer      output           parameters
0      conv2d     [1, 26, 26, 32]         320
1      relu       [1, 26, 26, 32]           0
2      maxPool2d  [1, 13, 13, 32]           0
3      residual   [1, 13, 13, 32]       5,152
3.0    parallel   [1, 13, 13, 32]       5,152
3.0.0  conv2d     [1, 13, 13, 16]       4,624
3.0.1  conv2d     [1, 13, 13, 16]         528
3.1    relu       [1, 13, 13, 32]           0
4      flatten    [1, 5408]                 0
5      dropout    [1, 5408]                 0
6      dense      [1, 10]              54,090
       total      [1, 10]              59,562
`);
});

test("summary of one layer, with int32 input", () => {
  const layer = nn.embedding({ numEmbeddings: 1000, units: 1000 });
  expect(`\n${nn.summary(layer, { shape: [8, 5], dtype: "int32" }, { dtype: "float32" })}\n`).toBe(`
  layer      output        parameters
  embedding  [8, 5, 1000]   1,000,000
  total      [8, 5, 1000]   1,000,000
`);
});

test("summary of a large net takes no memory for its weights", () => {
  expect(nn.summary(nn.sequential(nn.dense(50_000, { bias: false })), [1, 80_000])).toContain("4,000,000,000");
});
