import { DataError } from "@wengert/core";

/** Returns the error for a valid file that cannot be imported. */
export const refused = (problem: string): DataError => new DataError(`fromOnnx: ${problem}`);

/** Returns the error for a file that violates the format of ONNX files. */
export const damaged = (problem: string): DataError => refused(`invalid ONNX file: ${problem}`);
