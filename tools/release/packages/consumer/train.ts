// Checks with every TypeScript version that correct uses of train compile and that wrong uses do not. The declarations
// of train need the types of the DOM or of Node.
import { grad, type Tensor, tensor } from "@wengert/core";
import { matrix, readCsv } from "@wengert/data";
import { add, crossEntropy, matmul } from "@wengert/ops";
import { report } from "@wengert/report";
import {
  accuracy,
  adam,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  cosine,
  fit,
  type History,
  load,
  save,
  trainTestSplit,
} from "@wengert/train";

interface Model {
  readonly W: Tensor;
  readonly b: Tensor;
}

const model: Model = {
  W: tensor([
    [0, 0],
    [0, 0],
  ]),
  b: tensor([0, 0]),
};
const rows = {
  X: tensor([
    [1, 2],
    [3, 4],
  ]),
  labels: tensor([0, 1], { dtype: "int32" }),
};
const logits = ({ W, b }: Model, X: Tensor): Tensor => add(matmul(X, W), b);
const loss = (params: Model, { X, labels }: typeof rows): Tensor => crossEntropy(logits(params, X), labels);

export async function fitted(path: string, signal: AbortSignal): Promise<string> {
  const optimizer = chain(clipByGlobalNorm(1), adam({ learningRate: cosine({ from: 0.01, steps: 100 }) }));
  const { updates } = optimizer.update(grad(loss)(model, rows), optimizer.init(model), model);
  const moved: Model = applyUpdates(model, updates);
  const [train, held] = trainTestSplit(rows, { fraction: 0.5 });
  const result = await fit(loss, moved, train, {
    optimizer,
    epochs: 3,
    signal,
    validation: { data: held },
    metrics: { accuracy: (_, { X, labels }, params) => accuracy(logits(params, X), labels) },
    progress: ({ step }) => step > 0,
  });
  const params: Model = result.params;
  const history: History = result.history;
  await save(path, params, { metadata: { steps: "3" } });
  const { tree, metadata } = await load(new Blob([]), { like: model });
  const same: Model = tree;
  const text: string | undefined = metadata.steps;
  const table = await readCsv("cars.csv", { columns: { mpg: "number" } });
  const page: string = await report(history, { title: text ?? "", labels: rows.labels, scores: logits(same, rows.X) });
  return page + String(matrix(table, ["mpg"]));
}

export function wrong(): unknown[] {
  return [
    // @ts-expect-error: fit requires an optimizer
    () => fit(loss, model, rows, { epochs: 1 }),
    // @ts-expect-error: the loss takes different parameters
    () => fit(loss, { V: model.W }, rows, { optimizer: adam({ learningRate: 0.1 }), epochs: 1 }),
    // @ts-expect-error: a number is not a file
    () => load(3),
    // @ts-expect-error: adam has no such option
    () => adam({ speed: 1 }),
  ];
}
