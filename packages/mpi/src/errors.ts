import { WengertError } from "@wengert/core";

/** Thrown if an MPI library cannot be loaded or started, or if a function of MPI fails. The message contains MPI's own text. */
export class MpiError extends WengertError {}
