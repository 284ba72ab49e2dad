// All that core exports, to users and to authors of ops: for tests that enumerate it.

export * from "@wengert/core";
export * from "@wengert/core/extend";
