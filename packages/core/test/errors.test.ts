import { grad, hessian, type Tensor, tensor, trace, WengertError } from "@wengert/core";
import { show } from "@wengert/core/extend";
import { GradcheckError } from "@wengert/core/gradcheck";
import { describe, expect, it } from "vitest";
import * as core from "../../ops/test/all/core.ts";
import { errorOf, mul, sum } from "./support.ts";

const classes = Object.entries({ ...core, GradcheckError }).filter(
  (entry): entry is [string, typeof WengertError] =>
    typeof entry[1] === "function" && entry[1].prototype instanceof Error,
);

it("core exports at least nine error classes", () => expect(classes.length).toBeGreaterThanOrEqual(9));

describe.each(classes)("%s", (name, Class) => {
  it("extends WengertError and is named by its class", () => {
    expect(Class.prototype instanceof WengertError || Class === WengertError).toBe(true);
    expect(Class.name).toBe(name);
  });
  if (Class.length > 1) return; // GradcheckError builds its own message
  it("keeps message and cause, and prints its name", () => {
    const cause = { reason: 1 };
    const error = new Class("who: what", { cause });
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message, error.cause, String(error)]).toEqual([
      name,
      "who: what",
      cause,
      `${name}: who: what`,
    ]);
  });
});

it("names a subclass from user code by its class", () => {
  class OwnError extends WengertError {}
  expect(new OwnError("x").name).toBe("OwnError");
});

describe("show", () => {
  it.each<[unknown, string]>([
    [undefined, "undefined"],
    [null, "null"],
    [1.5, "1.5"],
    [Number.NaN, "NaN"],
    [true, "true"],
    [12n, "the bigint 12n"],
    [Symbol("s"), "Symbol(s)"],
    ["W", 'the string "W"'],
    [[1, 2], "an array of 2"],
    [{ a: 1 }, "an object"],
    [Object.create(null), "an object"],
    [new Map(), "a Map"],
    [new Int8Array(2), "a Int8Array"],
    [function loss() {}, "the function loss"],
    [() => {}, "a function"],
    [tensor(1), "a Tensor"],
  ])("of %s is short", (value, text) => expect(show(value)).toBe(text));
  it("cuts long strings", () => expect(show("x".repeat(1000)).length).toBeLessThan(50));
});

describe("the stack of an error", () => {
  const firstCall = (error: Error) => error.stack!.split("\n")[1];
  const [x, single] = [tensor([1, 2]), tensor([1, 2], { dtype: "float32" })];
  it("begins with the user's call, not with frames of the library", () => {
    const usersFunction = () => mul(x, single);
    const error = errorOf(usersFunction);
    expect(error.stack!.split("\n")[0]).toBe(`${error.name}: ${error.message}`);
    expect(firstCall(error)).toMatch(/usersFunction.*errors\.test\.ts:\d+:\d+/);
  });
  it("begins with the user's call through transforms, which call back into user code", () => {
    const loss = (y: Tensor) => sum(mul(y, single));
    for (const run of [() => grad(loss)(x), () => hessian(loss)(x), () => trace(loss, x)])
      expect(firstCall(errorOf(run))).toMatch(/loss.*errors\.test\.ts/);
  });
  it("has Error.stackTraceLimit frames, and does not change the limit", () => {
    const before = Error.stackTraceLimit;
    const deep = (n: number): unknown => (n === 0 ? mul(x, single) : [deep(n - 1)]);
    expect(errorOf(() => deep(40)).stack!.split("\n")).toHaveLength(1 + before);
    expect(Error.stackTraceLimit).toBe(before);
  });
});
