import { WengertError } from "@wengert/core";

/**
 * Thrown if an MPI library cannot be loaded or started, or if a function of MPI fails. The error message contains the
 * text that MPI gives for the failure.
 */
export class MpiError extends WengertError {}
