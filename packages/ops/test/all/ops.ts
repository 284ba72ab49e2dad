// All that ops exports, to users and to authors of rules: for tests that enumerate it.

export * from "@wengert/ops";
export * from "@wengert/ops/extend";
