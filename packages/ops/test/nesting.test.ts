import { checkpoint, grad, jvp, scan, type Tensor, tensor, vmap } from "@wengert/core";
import { add, at, exp, matmul, mul, sin, softmax, stack, sum, tanh } from "@wengert/ops";
import { expect, it } from "vitest";
import { numbers, random } from "./support.ts";

// Tests every nesting of transforms to depth three: each equals the plain computation.

type F = (x: Tensor) => Tensor;

/** Transforms that return the directional derivative f′(x) · x: the derivative of f at x, times x itself. */
const alongX: Record<string, (f: F) => F> = {
  grad: (f) => (x) => sum(mul(grad(f)(x), x)),
  jvp: (f) => (x) => jvp(f, [x], [x]).tangent,
};

/** Transforms that return a function with the same values as f. */
const identities: Record<string, (f: F) => F> = {
  vmap: (f) => (x) => at(vmap(f)(stack([mul(x, 0.5), x])), 1),
  "vmap over captured tensors": (f) => (x) => at(vmap((c: Tensor) => f(mul(x, c)))(tensor([1, 0.5])), 0),
  checkpoint: (f) => (x) => checkpoint(f)(x),
  scan: (f) => (x) => at(scan((c: Tensor, y: Tensor) => [c, f(y)], tensor(0), stack([mul(x, 0.5), x])).ys, 1),
  "scan with a carry": (f) => (x) => f(scan((c: Tensor) => [mul(c, 2), undefined], mul(x, 0.25), undefined, { length: 2 }).carry), // biome-ignore format: reads best on one line
};
const all = { ...alongX, ...identities };
const names = Object.keys(all);

const w = random([3, 3], 5);
const programs: Record<string, F> = {
  "a small network": (x) => sum(mul(softmax(tanh(matmul(x, w))), x)),
  "elementwise functions": (x) => sum(mul(sin(mul(x, x)), exp(add(x, at(x, 0))))),
};
const x = random([3], 6);

for (const [title, f] of Object.entries(programs)) {
  const plain = [f];
  for (let order = 1; order <= 4; order++) plain.push(alongX.grad!(plain.at(-1)!));
  /**
   * The expected results, computed by nested calls of grad: the values and gradients at x of f and of its first three
   * derivatives.
   */
  const wanted = plain.slice(0, 4).map((g) => [g(x).item(), ...numbers(grad(g)(x))]);

  it.each(names.flatMap((a) => names.map((b) => [a, b] as const)))(`${title}: %s of %s of each transform`, (a, b) => {
    for (const c of names) {
      const g = all[a]!(all[b]!(all[c]!(f)));
      const order = [a, b, c].filter((name) => name in alongX).length;
      const got = [g(x).item(), ...numbers(grad(g)(x))];
      for (const [i, y] of got.entries())
        if (!(Math.abs(y - wanted[order]![i]!) <= 1e-10 * Math.max(1, ...wanted[order]!.map(Math.abs))))
          expect.fail(`${a} of ${b} of ${c}: number ${i} is ${y}, not ${wanted[order]![i]}`);
    }
  });
}
