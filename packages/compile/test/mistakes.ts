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
`;

export const mistakes: Chapter = {
  compile: [
    "compile()",
    "compile(x)",
    "compile(sum, { engine: 'gpu' })",
    "compile(sum, { engine: { name: 'gpu' } })",
    "compile(sum, { maxPlans: 0 })",
    "compile(sum, { maxPlans: 1.5 })",
    "compile(sum, { threads: 2 })",
  ],
  "calls of a compiled function": [
    "compile((x) => (x.item() > 0 ? x : neg(x)))(tensor(1))",
    "compile((batch) => sum(batch))(new Float64Array([1, 2]))",
    "compile((params, rows) => add(sum(params.w), rows.size))({ w: x }, new Map([[1, 2]]))",
    "compile((params) => sum(params.x))({ x, self: loop })",
    "compile(async (x) => sum(x))(x)",
    "compile((x) => 3)(x)",
    "compile((x) => matmul(x, ones([3])))(x)",
    "compile((x, labels) => crossEntropy(x, labels))(x, tensor(2, { dtype: 'int32' }))",
  ],
  engines: [
    "await compile(sum, { engine: engine(fail) })(x)",
    "await compile(sum, { engine: engine(() => ({ run: fail })) })(x)",
    "await compile((x, labels) => crossEntropy(x, labels), { engine: engine(() => ({ run: fail })) })(x, tensor(2, { dtype: 'int32' }))",
    "grad(compile((x) => sum(x), { engine: engine(fail) }))(x)",
  ],
  plans: ["withPlainKernels(() => compile((x) => sum(x)).plan(x))"],
};
