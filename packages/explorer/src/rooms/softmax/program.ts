import { packed } from "../../page/packed.ts";
import { dtype, logits, taking, temperature, upstream } from "./state.ts";

const js = (x: number): string => (Object.is(x, -0) ? "0" : String(x));
const list = (xs: readonly number[]): string => `[${xs.map(js).join(", ")}]`;

/** Returns a link to the Tape page, with a program that computes the numbers of the Softmax page. */
export function tapeAddress(): string {
  const t = temperature.value;
  const masked = !taking.value.every(Boolean);
  const options = dtype.value === "float64" ? '{ label: "@" }' : '{ label: "@", dtype: "float32" }';
  const lines = [
    "// Softmax, with the cotangent g of its output",
    'import { record, type Tensor, tensor } from "@wengert/core";',
    `import { ${t === 1 ? "" : "div, "}mul, softmax, sum } from "@wengert/ops";`,
    "",
    `const x = tensor(${list(logits.value)}, ${options.replace("@", "x")});`,
    `const g = tensor(${list(upstream.value)}, ${options.replace("@", "g")});`,
    ...(masked ? [`const where = tensor([${taking.value.join(", ")}]);`] : []),
    "",
    "// The derivative of ⟨g, s⟩ with respect to s is g.",
    `const f = (x: Tensor) => sum(mul(g, softmax(${t === 1 ? "x" : `div(x, ${t})`}${masked ? ", { where }" : ""})));`,
    "",
    "record(f, x);",
  ];
  return `#/tape?code=${packed(`${lines.join("\n")}\n`)}`;
}
