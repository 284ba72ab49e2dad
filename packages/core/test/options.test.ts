import { ArgumentError, full, grad, type Tensor, tensor, valueAndGrad, zeros } from "@wengert/core";
import { withDefaults } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { describe, expect, it } from "vitest";
import { errorOf, mul, spread, sum } from "./support.ts";

const defaults = { axis: undefined, keepDims: false, axes: 3 };
const of = (given: unknown) => withDefaults("op", given, defaults);

describe("withDefaults", () => {
  it("uses the default if an option is missing or undefined", () => {
    expect(of(undefined)).toEqual(defaults);
    expect(of({ axis: 2, keepDims: undefined })).toEqual({ axis: 2, keepDims: false, axes: 3 });
    expect(of(Object.assign(Object.create(null), { axis: null }))).toEqual({ axis: null, keepDims: false, axes: 3 });
    expect(defaults).toEqual({ axis: undefined, keepDims: false, axes: 3 });
  });
  it.each([3, "axis", null, true, [1], new Map(), tensor(1), () => {}])("throws for %s", (bad) => {
    expect(errorOf(() => of(bad))).toBeInstanceOf(ArgumentError);
    expect(() => of(bad)).toThrow(/^op: options must be one object, got .*; write { axis: /);
  });
  it.each([
    ["dim", "axis"],
    ["keepdim", "keepDims"],
    ["keepdims", "keepDims"],
    ["keep_dims", "keepDims"],
    ["Axis", "axis"],
    ["perm", "axes"],
    ["k", "keepDims"],
    ["axsi", "axis"],
    ["asis", "axis"],
    ["keepDms", "keepDims"],
    ["kepeDims", "keepDims"],
  ])("reads %s as a mistake for %s", (name, meant) => {
    expect(() => of({ [name]: 1 })).toThrow(
      `op: there is no option ${name}; did you mean ${meant}? Options are axis, keepDims, axes`,
    );
  });
  it("suggests a required option before axis if a value is passed without a name", () => {
    for (const [name, value] of [["count", 2], ["shift", [1, 2]], ["sections", 3], ["other", 4]] as const) // biome-ignore format: reads best on one line
      expect(() => withDefaults("op", value, { axis: 0, [name]: undefined })).toThrow(
        `write { ${name === "other" ? "axis" : name}: ${JSON.stringify(value).replace(",", ", ")} }`,
      );
  });
  it("lists the options if no name is similar", () => {
    for (const name of ["sxsi", "xis s", "keeDmis"])
      expect(() => of({ [name]: 1 })).toThrow(`op: there is no option ${name}; options are axis, keepDims, axes`);
    expect(() => of({ p: 1 })).toThrow("op: there is no option p; options are axis, keepDims, axes");
    expect(() => of({ seed: 1 })).toThrow("op: there is no option seed; options are axis, keepDims, axes");
    expect(() => withDefaults<undefined>("op", { seed: 1 }, undefined)).toThrow("op: takes no options, got seed");
    expect(() => of({ __proto__: { axis: 1 } })).toThrow(/options must be one object/);
  });
  it("suggests the caller's replacements for names in other libraries", () => {
    const otherNames = { keep: "axes", stay: "axes", axe: "write { axes: 1 }", keepdims: "write { axes: 1 }" };
    const message = (name: string) => errorOf(() => withDefaults("op", { [name]: 7 }, defaults, otherNames)).message;
    for (const name of ["keep", "stay", "Keep_2", "_stay"])
      expect(message(name)).toBe(`op: there is no option ${name}; did you mean axes? Options are axis, keepDims, axes`);
    for (const name of ["axe", "keepdims", "keep_dims"])
      expect(message(name)).toBe(`op: there is no option ${name}; write { axes: 1 }`);
    expect(message("dim")).toContain("did you mean axis?");
    expect(message("zzz")).toContain("; options are axis, keepDims, axes");
  });
});

const x = tensor([1, 2]);
const unchecked = (f: unknown) => f as (...args: unknown[]) => unknown;

describe("an unknown option throws:", () => {
  it.each<[string, () => unknown, string]>([
    [
      "of an op",
      () => unchecked(spread)(tensor(1), { shapes: [2] }),
      "spread: there is no option shapes; did you mean shape?",
    ],
    ["of an op without any", () => unchecked(mul)(x, x, { axis: 1 }), "mul: takes no options, got axis"],
    [
      "of tensor",
      () => unchecked(tensor)([1], { dtyp: "int32" }),
      "tensor: there is no option dtyp; did you mean dtype?",
    ],
    [
      "of zeros",
      () => unchecked(zeros)([1], { name: "b" }),
      "zeros: there is no option name; options are dtype, label",
    ],
    [
      "of full",
      () => unchecked(full)([1], 2, "int32"),
      'full: options must be one object, got the string "int32"; write { dtype: "int32" }',
    ],
    ["of grad", () => unchecked(grad)(mul, { argnum: 1 }), "grad: there is no option argnum; did you mean argnums?"],
    ["of valueAndGrad", () => unchecked(valueAndGrad)(mul, { has_aux: true }), "did you mean hasAux?"],
    ["of gradcheck", () => unchecked(gradcheck)((y: Tensor) => sum(y), [x], { tol: 1 }), "did you mean tolerance?"],
  ])("%s", (_, call, message) => {
    expect(errorOf(call)).toBeInstanceOf(ArgumentError);
    expect(call).toThrow(message);
  });
});
