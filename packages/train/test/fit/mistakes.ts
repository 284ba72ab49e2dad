import type { Chapter } from "../../../ops/test/mistakesTest.ts";

export const fitPrelude = `
const ofClasses = (p, { X, y }) => crossEntropy(add(matmul(X, p.W), p.b), y);
const once = { optimizer: sgd({ learningRate: 0.1 }), epochs: 1 };
const checkpoint = { path: path("run.safetensors") };
const damage = async (fields, plan) => {
  const { tree, metadata } = await load(checkpoint.path);
  const damaged = { ...tree, ...(typeof fields === "function" ? fields(tree) : fields) };
  const entries = Object.entries(damaged).filter(([, field]) => field !== undefined);
  await save(path("damaged"), Object.fromEntries(entries), { metadata: plan === undefined ? metadata : { "wengert.fit": plan } });
  return path("damaged");
};
/** Simulates rank 0 of two ranks. In the \`at\`-th allreduce with the op "max", \`differences\` numbers of rank 1 differ. */
const twoRanks = (at, differences = 1) => {
  let calls = 0;
  const change = (array) => calls++ === at ? array.map((x, i) => i < differences ? x + 1 : x) : array;
  const allreduce = (array, { op = "sum" } = {}) => (op === "max" && array.set(change(array)), array);
  return { rank: 0, size: 2, broadcast: (array) => array, allreduce };
};
/** Runs \`body\`, and throws an error whose message is the warning that \`body\` prints. */
const warningOf = async (body) => {
  const { warn } = console;
  let warning = "";
  console.warn = (text) => (warning = text);
  try {
    await body();
  } finally {
    console.warn = warn;
  }
  throw new WengertError(warning);
};
const ofSteps = (p, batch, { step }) => mul(ofClasses(p, batch), 0.9 ** step);
`;

export const fitMistakes: Chapter = {
  "fit: the loss and its arguments": [
    "await fit(params, ofClasses, data, once)",
    "await fit(ofClasses, { W: [[0, 0]] }, data, once)",
    "await fit(once)",
    "await fit(ofClasses, new (class Model { W = params.W; })(), data, once)",
    "await fit(ofClasses, {}, data, once)",
    "await fit(ofClasses, { ...params, K: int32([2]) }, data, once)",
    "await fit((p, { X, y }) => crossEntropy(add(matmul(X, p.W), p.b), y, { reduction: 'none' }), params, data, once)",
    "await fit((p, batch) => ofClasses(p, batch).item(), params, data, once)",
    "await fit(async (p, batch) => ofClasses(p, batch), params, data, once)",
    "await fit((p, batch) => { ofClasses(p, batch); }, params, data, once)",
    "await fit((p, { y }) => sum(y), params, data, once)",
    "await fit((p, { X, y }) => crossEntropy(matmul(p.W, X), y), params, data, once)",
    "await fit(ofClasses, params, { X: data.X, y: int32([0, 1]) }, once)",
  ],

  "warnings about the option compile": [
    "await warningOf(() => fit(ofSteps, params, data, { ...once, compile: (f) => f }))",
    "await warningOf(() => fit(ofClasses, params, data, { ...once, compile: () => () => { throw new WengertError('plan: no plan') } }))",
    "await warningOf(() => lbfgs((p) => sum(mul(p, p)), z, { compile: (f) => async (x) => f(x) }))",
  ],

  "fit: batches from a stream": [
    "await fit(ofClasses, params, batches(data, { batchSize: 2 }), once)",
    "await fit(ofClasses, params, () => 7, once)",
    "await fit(ofClasses, params, async function* () {}, once)",
    "await fit(ofClasses, params, async function* () { yield 7; }, once)",
    "# A generator object is exhausted after one epoch.",
    "await fit(ofClasses, params, (async function* () { yield data; })(), { ...once, epochs: 2 })",
    "# A stream with fewer batches than before the interruption.",
    "let kept; const write = (bytes) => { kept = bytes; };\n" +
      "await fit(ofClasses, params, async function* () { yield data; yield data; }, { ...once, epochs: undefined, steps: 2, checkpoint: { write } });\n" +
      "await fit(ofClasses, params, async function* () { yield data; }, { ...once, epochs: undefined, steps: 3, resume: kept })",
  ],

  "fit: several processes": [
    "await fit(ofClasses, params, data, { ...once, parallel: 4 })",
    "# Rank 1 passes parameters with other names.",
    "await fit(ofClasses, params, data, { ...once, parallel: twoRanks(0) })",
    "# Rank 1 passes other options.",
    "await fit(ofClasses, params, data, { ...once, parallel: twoRanks(1) })",
    "# Rank 1 passes other options and other parameters.",
    "await fit(ofClasses, params, data, { ...once, parallel: twoRanks(1, 3) })",
    "# No rank has rows.",
    'meanOverRanks("allreduceMean", twoRanks(), { leaves: [z], weight: 0 })',
  ],

  "fit: options": [
    "await fit(ofClasses, params, data)",
    "await fit(ofClasses, params, data, { optimizer: sgd, epochs: 1 })",
    "await fit(ofClasses, params, data, { optimzer: adam({ learningRate: 0.1 }), epochs: 1 })",
    "await fit(ofClasses, params, data, { ...once, size: 2 })",
    "await fit(ofClasses, params, data, { ...once, batch_size: 32 })",
    "await fit(ofClasses, params, data, { optimizer: adam, lr: 0.01 })",
    "await fit(ofClasses, params, data, { ...once, validation_data: data })",
    "await fit(ofClasses, params, data, { ...once, seed: 42 })",
    "await fit(ofClasses, params, data, { ...once, epochs: undefined })",
    "await fit(ofClasses, params, data, { ...once, steps: 10 })",
    "await fit(ofClasses, params, data, { ...once, epochs: 0.5 })",
    "await fit(ofClasses, params, data, { ...once, batchSize: 8, dropLast: true })",
    'await fit(ofClasses, params, data, { ...once, shuffle: "yes" })',
    "await fit(ofClasses, params, data, { ...once, key: 1 })",
    "await fit(ofClasses, params, data, { ...once, metrics: accuracy })",
    "await fit(ofClasses, params, data, { ...once, metrics: { accuracy: 'accuracy' } })",
    "await fit(ofClasses, params, data, { ...once, metrics: { guesses: (aux, { y }) => y } })",
    "await fit(ofClasses, params, data, { ...once, metrics: { nothing: () => undefined } })",
    "await fit(ofClasses, params, data, { ...once, validation: data })",
    "await fit(ofClasses, params, data, { ...once, validation: { everySteps: 1 } })",
    "await fit(ofClasses, params, data, { ...once, validation: { data, everySteps: 1, everyEpochs: 1 } })",
    "await fit(ofClasses, params, data, { ...once, patience: 3 })",
    "await fit(ofClasses, params, data, { ...once, validation: { data }, minDelta: -1 })",
    'await fit(ofClasses, params, data, { ...once, criterion: "accuracy" })',
    "await fit(ofClasses, params, data, { ...once, history: { everySteps: 0 } })",
    "await fit(ofClasses, params, data, { ...once, signal: new AbortController() })",
    "await fit(ofClasses, params, data, { ...once, compile: true })",
    'await fit(ofClasses, params, data, { ...once, progress: "bar" })',
    "await fit(ofClasses, params, data, { ...once, onStep: true })",
  ],

  "fit: checkpoints": [
    "await fit(ofClasses, params, data, { ...once, checkpoint: 'run.safetensors' })",
    "await fit(ofClasses, params, data, { ...once, checkpoint: {} })",
    "await fit(ofClasses, params, data, { ...once, checkpoint: { path: '' } })",
    "await fit(ofClasses, params, data, { ...once, checkpoint: { write: 'run.safetensors' } })",
    "await fit(ofClasses, params, data, { ...once, checkpoint: { ...checkpoint, everySeconds: -1 } })",
    "await fit(ofClasses, params, data, { ...once, checkpoint: { path: path('no/such/folder') } })",
    "await save(path('file'), params); await fit(ofClasses, params, data, { ...once, checkpoint: { path: path('file/in/a/file') } })",
    "await inPage(() => fit(ofClasses, params, data, { ...once, checkpoint }))",
    "await fit(ofClasses, params, data, { ...once, resume: true })",
    "await fit(ofClasses, params, data, { ...once, resume: path('run.safetensors') })",
    "await fit(ofClasses, params, data, { ...once, resume: 7 })",
    "await save(path('params'), params); await fit(ofClasses, params, data, { ...once, resume: path('params') })",
    "# After a first fit with `checkpoint`.",
    "await fit(ofClasses, params, data, { ...once, checkpoint }); await fit(ofClasses, params, data, { ...once, checkpoint })",
    "await fit(ofClasses, params, data, { ...once, checkpoint, resume: true, batchSize: 2 })",
    "await fit(ofClasses, params, data, { ...once, checkpoint, resume: true, key: randomKey(9) })",
    "await fit(ofClasses, params, async function* () { yield data; }, { ...once, checkpoint, resume: true, history: { everySteps: 1 } })",
    "await fit(ofClasses, params, data, { ...once, checkpoint, resume: true, optimizer: adam({ learningRate: 0.1 }) })",
    "await fit((p, batch) => ofClasses({ W: p[0], b: p[1] }, batch), [params.W, params.b], data, { ...once, checkpoint, resume: true })",
    "await fit(ofClasses, { W: zeros([3, 5]), b: zeros([5]) }, data, { ...once, checkpoint, resume: true })",
    "# Damaged checkpoints. `damage` replaces fields and the metadata of the checkpoint.",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({}, '{') })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({}, '[7]') })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({}, '{\"rows\":' + '['.repeat(1e5) + ']'.repeat(1e5) + '}') })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ step: undefined }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ step: params }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ step: zeros([2]) }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ step: tensor(NaN) }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ step: tensor(7) }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ batch: tensor(1.5) }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ epoch: tensor(-1) }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ reference: tensor(NaN) }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage({ history: tensor(1) }) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage((t) => ({ history: { ...t.history, train: { ...t.history.train, step: tensor([1, 0]) } } })) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage((t) => ({ history: { ...t.history, train: { ...t.history.train, loss: zeros([3]) } } })) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage((t) => ({ history: { ...t.history, train: { ...t.history.train, epoch: t.params } } })) })",
    "await fit(ofClasses, params, data, { ...once, resume: await damage((t) => ({ history: { ...t.history, train: { ...t.history.train, epoch: tensor([-1]) } } })) })",
  ],

  measure: [
    "await measure(params, ofClasses, data)",
    "await measure(ofClasses, params, data, { batchSize: 0 })",
    "await measure(ofClasses, params, { X: data.X, y: int32([0, 1]) })",
    "await measure(ofClasses, params, data, { metrics: accuracy })",
  ],
};
