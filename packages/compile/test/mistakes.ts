import type { Chapter } from "../../ops/test/mistakesTest.ts";

/** The code that runs before each erroneous call. */
export const prelude = `
const x = tensor([1, 2], { label: "x" });
const loop = {};
loop.self = loop;
const engine = (prepare) => ({ name: "remote", prepare });
const fail = () => {
  throw new Error("out of memory");
};
const withPlainKernels = (body) => {
  kernels("plain");
  try {
    return body();
  } finally {
    kernels("auto");
  }
};
const warningOf = (body) => {
  const { warn } = console;
  let warning = "";
  console.warn = (message) => (warning = message);
  try {
    body();
  } finally {
    console.warn = warn;
  }
  throw new WengertError(warning);
};
const fewPlans = { maxPlans: 1 };
`;

export const mistakes: Chapter = {
  compile: [
    "compile()",
    "compile(x)",
    "compile(sum, { engine: 'gpu' })",
    "compile(sum, { engine: { name: 'gpu' } })",
    "compile(sum, { engine: engine(fail), donate: [0] })",
    "compile(sum, { maxPlans: 0 })",
    "compile(sum, { maxPlans: 1.5 })",
    "compile(sum, { donate: 0 })",
    "compile(sum, { donate: [-1] })",
    "compile(sum, { threads: 0 })",
    "compile(sum, { device: 'gpu' })",
  ],
  "calls of a compiled function": [
    "compile((x) => (x.item() > 0 ? x : neg(x)))(tensor(1))",
    "compile((batch) => sum(batch))(new Float64Array([1, 2]))",
    "compile((params, rows) => add(sum(params.w), rows.size))({ w: x }, new Map([[1, 2]]))",
    "compile((params) => sum(params.x))({ x, self: loop })",
    "compile(async (x) => sum(x))(x)",
    "compile((x) => 3)(x)",
    "compile((x) => neg(x), { donate: [1] })(x)",
    "compile((x) => matmul(x, ones([3])))(x)",
    "compile((x, labels) => crossEntropy(x, labels))(x, tensor(2, { dtype: 'int32' }))",
  ],
  engines: [
    "await compile(sum, { engine: engine(fail) })(x)",
    "await compile(sum, { engine: engine(() => ({ run: fail })) })(x)",
    "await compile((x, labels) => crossEntropy(x, labels), { engine: engine(() => ({ run: fail })) })(x, tensor(2, { dtype: 'int32' }))",
    "grad(compile((x) => sum(x), { engine: engine(fail) }))(x)",
  ],
  repeat: [
    "compile((x) => neg(x)).repeat(0, x)",
    "compile((x) => [neg(x)]).repeat(2, x)",
    "compile(({ w }) => ({ w, loss: sum(w) })).repeat(2, { w: x })",
    "compile((x) => sum(x)).repeat(2, x)",
    "compile((x) => 3).repeat(2, x)",
    "compile((x) => neg(x)).repeat(2, 3)",
  ],
  donation: [
    "const w = tensor([1, 2], { label: 'w' }); compile((w) => neg(w), { donate: [0] })(w); add(w, 1)",
    "compile((w) => neg(w), { donate: [0] })(x); compile((w) => neg(w))(x)",
  ],
  warnings: [
    "warningOf(() => { const scaled = compile(function scaled(x, rate) { return mul(x, rate); }, fewPlans); for (const rate of [1, 2]) scaled(tensor(1), rate); })",
    "warningOf(() => { const total = compile((x) => sum(x), fewPlans); for (const size of [1, 2]) total(ones([size])); })",
    "warningOf(() => { const total = compile((xs) => sum(xs[0]), fewPlans); for (const size of [1, 2]) total(Array.from({ length: size }, () => ones([2]))); })",
    "warningOf(() => { const total = compile((...xs) => sum(xs[0]), fewPlans); for (const size of [1, 2]) total(...Array.from({ length: size }, () => ones([2]))); })",
  ],
  plans: ["withPlainKernels(() => compile((x) => sum(x)).plan(x))"],
  reports: ["explainPlan(compile((x) => sum(x)))", "explainPlan()"],
};
