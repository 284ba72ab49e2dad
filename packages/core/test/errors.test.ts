import * as core from "@wengert/core";
import { show, tensor, WengertError } from "@wengert/core";
import { GradcheckError } from "@wengert/core/gradcheck";
import { describe, expect, it } from "vitest";

const classes = Object.entries({ ...core, GradcheckError }).filter(
  (entry): entry is [string, typeof WengertError] =>
    typeof entry[1] === "function" && entry[1].prototype instanceof Error,
);

it("finds the classes of errors", () => expect(classes.length).toBeGreaterThanOrEqual(9));

describe.each(classes)("%s", (name, Class) => {
  it("extends WengertError and is named by its class", () => {
    expect(Class.prototype instanceof WengertError || Class === WengertError).toBe(true);
    expect(Class.name).toBe(name);
  });
  if (Class.length > 1) return; // GradcheckError makes its own message
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

it("names a subclass made elsewhere by its class too", () => {
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
