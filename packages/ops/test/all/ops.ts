// All exports of ops, for tests that enumerate the exports.

export * from "@wengert/ops";
export * from "@wengert/ops/extend";
