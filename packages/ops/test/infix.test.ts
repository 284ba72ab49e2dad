import { runInNewContext } from "node:vm";
import { grad, record, type Tensor, tensor } from "@wengert/core";
import { add, cast, div, exp, expr, matmul, mul, neg, pow, square, sub, sum } from "@wengert/ops";
import { describe, expect, test } from "vitest";
import { bundle } from "./bundle.ts";
import { errorOf, numbers, random } from "./support.ts";

/** Evaluates a formula without operands. */
const evaluate = (text: string): number => expr([text]).item();

/** Returns a function that draws whole numbers from 0 to n − 1. */
function drawer(seed: number): (n: number) => number {
  const uniform = random([10_000], seed).toNested<number[]>().values();
  return (n) => Math.floor((((uniform.next().value ?? 0) + 1) / 2) * n);
}

function expectSame(found: Tensor, wanted: Tensor, formula = ""): void {
  expect([formula, found.dtype, found.shape]).toEqual([formula, wanted.dtype, wanted.shape]);
  expect(numbers(found), formula).toEqual(numbers(wanted));
}

describe("the precedence", () => {
  // Each case is a formula and its value in Python.
  test.each([
    ["2 + 3 * 4", 14],
    ["2 - 3 - 4", -5],
    ["24 / 4 / 2", 3],
    ["24 / 4 * 2", 12],
    ["2 ** 3 ** 2", 512],
    ["-2 ** 2", -4],
    ["(-2) ** 2", 4],
    ["2 ** -1", 0.5],
    ["-2 ** -2 ** 2", -0.0625],
    ["--3", 3],
    ["2 - -3", 5],
    ["2 * -3 ** 2", -18],
    ["-2 * 3", -6],
    ["2 * 3 ** 2", 18],
    ["(1 + 2) * (3 - 4) / 8", -0.375],
    [" 1.5e2+.5 - 2.", 148.5],
    ["((7))", 7],
  ])("of %s is that of Python", (text, result) => expect(evaluate(text)).toBe(result));

  test("of 500 random formulas is that of JavaScript", () => {
    const draw = drawer(1);
    const formulas = Array.from({ length: 500 }, () => randomText(draw, 3));
    const wanted: number[] = runInNewContext(`[${formulas.join(", ")}]`);
    expect(Math.max(...formulas.map(({ length }) => length))).toBeGreaterThan(60);
    for (const [i, text] of formulas.entries())
      expect(Object.is(evaluate(text), wanted[i]), `${text} is ${wanted[i]}`).toBe(true);
  });

  test("has @ on the level of * and /, above unary minus", () => {
    const [A, B, c] = [random([2, 3], 1), random([3, 2], 2), random([2, 1], 3)];
    expectSame(expr`${c} * ${A} @ ${B}`, matmul(mul(c, A), B));
    expectSame(expr`${A} @ ${B} * ${c}`, mul(matmul(A, B), c));
    expectSame(expr`${A} @ ${B} / 2 - ${c}`, sub(div(matmul(A, B), 2), c));
    expectSame(expr`${c} + ${A} @ ${B}`, add(c, matmul(A, B)));
    expectSame(expr`-${A} @ ${B} ** 2`, matmul(neg(A), square(B)));
  });
});

/** Returns a random formula of numbers. No base of ** has a sign, because -2 ** 2 is a syntax error in JavaScript. */
function randomText(draw: (n: number) => number, depth: number): string {
  const atom = (): string => (depth > 0 && draw(3) === 0 ? `(${randomText(draw, depth - 1)})` : `${draw(50) / 10}`);
  const term = (): string => {
    const powers = Array.from({ length: draw(4) === 0 ? 2 + draw(2) : 1 }, atom);
    if (powers.length === 1) return "- ".repeat(draw(3) === 0 ? 1 + draw(2) : 0) + powers[0];
    return `${powers.slice(0, -1).join(" ** ")} ** ${draw(3) === 0 ? "-" : ""}${powers.at(-1)}`;
  };
  return Array.from({ length: draw(4) }, () => `${term()} ${"+-*/"[draw(4)]} `).join("") + term();
}

describe("a formula of tensors", () => {
  const binary = { "+": add, "-": sub, "*": mul, "/": div, "@": matmul, "**": pow } as const;
  const level = { "+": 1, "-": 1, "*": 2, "/": 2, "@": 2, "**": 4 } as const;
  type Operator = keyof typeof binary;

  /**
   * A random formula. `texts` are the parts of its source text between the operands, and `value` is its value, computed
   * by calls of ops.
   */
  interface Case {
    readonly texts: readonly string[];
    readonly operands: readonly Tensor[];
    readonly level: number;
    readonly value: Tensor;
  }
  const wrap = (each: Case, isWrapped: boolean): Case => {
    if (!isWrapped) return each;
    const texts = each.texts.with(0, `(${each.texts[0]}`);
    return { ...each, texts: texts.with(-1, `${texts.at(-1)})`), level: 5 };
  };
  const join = (a: Case, operator: string, b: Case): string[] => [
    ...a.texts.slice(0, -1),
    `${a.texts.at(-1)} ${operator} ${b.texts[0]}`,
    ...b.texts.slice(1),
  ];

  /** Returns a random formula, which has only the parentheses that it needs. */
  function randomCase(draw: (n: number) => number, depth: number, dtype: "float32" | "float64"): Case {
    const kind = depth === 0 ? 0 : draw(4);
    if (kind === 0) {
      const operand = cast(random([3, 3], 1 + draw(1000)), { dtype });
      return { texts: ["", ""], operands: [operand], level: 5, value: operand };
    }
    if (kind === 1) {
      const inner = randomCase(draw, depth - 1, dtype);
      const of = wrap(inner, inner.level < 3);
      return { ...of, texts: of.texts.with(0, `-${of.texts[0]}`), level: 3, value: neg(of.value) };
    }
    const operator = (["+", "-", "*", "/", "@", "**"] as const)[draw(6)]! satisfies Operator;
    const at = level[operator];
    const [left, right] = [randomCase(draw, depth - 1, dtype), randomCase(draw, depth - 1, dtype)];
    const a = wrap(left, operator === "**" ? left.level < 5 : left.level < at);
    const b = wrap(right, operator === "**" ? right.level < 3 : right.level <= at);
    const operands = [...a.operands, ...b.operands];
    return { texts: join(a, operator, b), operands, level: at, value: binary[operator](a.value, b.value) };
  }

  test.each(["float64", "float32"] as const)("has bit for bit the value of the calls of ops, in %s", (dtype) => {
    const draw = drawer(2);
    for (let i = 0; i < 150; i++) {
      const { texts, operands, value } = randomCase(draw, 4, dtype);
      expectSame(expr(texts, ...operands), value, texts.join("x"));
    }
  });

  test("has the steps and the gradient of the calls of ops", () => {
    const [X, W, b] = [random([4, 3], 1), random([3, 2], 2), random([2], 3)];
    const f = (W: Tensor, b: Tensor) => sum(expr`-2 * (${exp(expr`${X} @ ${W}`)} + ${b}) ** 2 / 3 @ ${b} ** 1.5`);
    const direct = (W: Tensor, b: Tensor) =>
      sum(matmul(div(mul(-2, square(add(exp(matmul(X, W)), b))), 3), pow(b, 1.5)));
    const positive = square(b);
    const names = (g: typeof f) => record(g, W, positive).steps.map(({ op }) => op.name);
    expect(names(f)).toEqual(names(direct));
    for (const [i, each] of grad(f, { argnums: [0, 1] })(W, positive).entries())
      expectSame(each, grad(direct, { argnums: [0, 1] })(W, positive)[i]!);
  });

  test("keeps float32 and int32, because plain numbers stay plain numbers", () => {
    const [single, n] = [tensor([1, 2], { dtype: "float32" }), tensor([1, 2], { dtype: "int32" })];
    expectSame(expr`(1 + 2) / 4 * ${single}`, mul(0.75, single));
    expectSame(expr`2 ** 3 - ${n} ** 2`, sub(8, square(n)));
    expectSame(expr`-${2} * ${single} - ${-1}`, sub(mul(-2, single), -1));
  });

  test("without an operator is the operand itself, or a scalar", () => {
    const x = random([2]);
    expect(expr`${x}`).toBe(x);
    expectSame(expr`1 - 3`, tensor(-2));
  });
});

test("an error below an inner formula has one caret, and the stack has it too", () => {
  const [a, b] = [random([2, 3]), random([2])];
  const error = errorOf(() => expr`1 + ${exp(expr`${a} * (${b} - 1)`)} * 2`);
  expect(error.message.split("\n").slice(1)).toEqual(["  [2, 3] * ([2] - 1)", "         ^"]);
  expect(error.stack).toContain(error.message);
  expect(error.message.match(/\^/g)).toHaveLength(1);
});

test("a call site is parsed once", () => {
  let reads = 0;
  const texts = new Proxy(Object.freeze(["", " + ", ""]), {
    get: (target, name, receiver) => {
      reads++;
      return Reflect.get(target, name, receiver);
    },
  });
  for (const i of [1, 2, 3]) {
    reads = 0;
    expect(expr(texts, i, 1).item()).toBe(i + 1);
    expect(reads > 0).toBe(i === 1);
  }
  const identity = (texts: TemplateStringsArray, ..._: readonly number[]) => texts;
  const sameSite = () => identity`${1} + ${2}`;
  expect(sameSite()).toBe(sameSite());
});

describe("the bundle of a program", () => {
  const modulesOf = async (names: string) => {
    const { modules } = await bundle(`import { ${names} } from "@wengert/ops"; console.log(${names});`, "es");
    return Object.keys(modules);
  };

  test("without expr does not include the parser", async () => {
    expect((await modulesOf("add, matmul, crossEntropy")).filter((name) => name.includes("/infix/"))).toEqual([]);
  });

  test("with expr has no ops but those of its operators", { tags: "soak" }, async () => {
    const direct = await modulesOf("add, sub, mul, div, neg, square, pow, matmul");
    const added = (await modulesOf("expr")).filter((name) => !direct.includes(name));
    expect(added.sort()).toEqual(["caret", "expr", "parse"].map((name) => `ops/src/infix/${name}.ts`));
  });
});
