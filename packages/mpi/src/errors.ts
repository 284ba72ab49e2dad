import { WengertError } from "@wengert/core";

/** Thrown if MPI cannot be loaded or started, or if an MPI function fails. The message contains MPI's own text. */
export class MpiError extends WengertError {}
