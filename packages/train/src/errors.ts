import { WengertError } from "@wengert/core";

/**
 * A file or a table that cannot be read or written, or does not hold what it should. The message names the file, and the row
 * and column, the line or the tensor where there is one. `cause` is the error of the system, if that was first.
 */
export class DataError extends WengertError {}
