// All exports of ops, for users and for authors of rules, for tests that enumerate them.

export * from "@wengert/ops";
export * from "@wengert/ops/extend";
