export type { ColumnKind } from "./data/columns.ts";
export { type CsvOptions, readCsv } from "./data/csv.ts";
export type { Folder } from "./data/folder.ts";
export { type IdxOptions, readIdx } from "./data/idx.ts";
export { type ImageOptions, type ImageSet, type LeftOut, readImages } from "./data/images.ts";
export { type NpyOptions, readNpy, toNpy } from "./data/npy.ts";
export type { Source } from "./data/source.ts";
export { type Missing, matrix, type Table } from "./data/table.ts";
