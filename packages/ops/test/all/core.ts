// All exports of core, for users and for authors of ops, for tests that enumerate them.

export * from "@wengert/core";
export * from "@wengert/core/extend";
