export type { ColumnKind } from "./columns.ts";
export { type CsvOptions, readCsv } from "./csv.ts";
export type { Folder } from "./folder.ts";
export { type IdxOptions, readIdx } from "./idx.ts";
export { type ImageOptions, type ImageSet, readImages, type SkippedFile } from "./images.ts";
export { type NpyOptions, readNpy, toNpy } from "./npy.ts";
export type { Source } from "./source.ts";
export { column, type MissingCell, matrix, type Table } from "./table.ts";
