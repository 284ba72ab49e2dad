import * as core from "@wengert/core";
import * as coreExtend from "@wengert/core/extend";
import * as gradcheck from "@wengert/core/gradcheck";
import * as ops from "@wengert/ops";
import * as opsExtend from "@wengert/ops/extend";
import { expect, test } from "vitest";
import { allDeclarations } from "../build/library.ts";

const declarations = allDeclarations();

test.each([
  ["@wengert/core", core],
  ["@wengert/core/extend", coreExtend],
  ["@wengert/core/gradcheck", gradcheck],
  ["@wengert/ops", ops],
  ["@wengert/ops/extend", opsExtend],
])("completions include the exports of %s", (module, exports) => {
  const names = declarations.filter((declaration) => declaration.module === module).map(({ name }) => name);
  expect(names.sort()).toEqual(Object.keys(exports).sort());
});

test("completions show parameters and options without types", () => {
  const signatures = new Map(declarations.map(({ name, signature }) => [name, signature]));
  expect(signatures.get("softmax")).toBe("softmax(x, { axis?, where? })");
  expect(signatures.get("valueAndGrad")).toBe("valueAndGrad(f, { argnums?, hasAux? })");
  expect(signatures.get("oneHot")).toBe("oneHot(indices, { numClasses, dtype? })");
  expect(signatures.get("Tensor")).toBe("Tensor");
});
