// All exports of core, for tests that enumerate the exports.

export * from "@wengert/core";
export * from "@wengert/core/extend";
