export { type IdxOptions, readIdx } from "./data/idx.ts";
export { type NpyOptions, readNpy, toNpy } from "./data/npy.ts";
export type { Source } from "./data/source.ts";
