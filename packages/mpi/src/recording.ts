import { ArgumentError } from "@wengert/core";
import { isRecording } from "@wengert/core/extend";

/**
 * Checks that the call is not inside a function that is being differentiated, compiled or traced. A tape records only the
 * steps of one process, so a derivative or a plan would be wrong: it would omit the other ranks.
 * @throws ArgumentError if a tape or a trace is recording
 */
export function mustNotBeRecorded(caller: string, fix: string): void {
  if (!isRecording()) return;
  throw new ArgumentError(
    `${caller}: a function that is differentiated, compiled or traced cannot communicate with other ranks, but it called ${caller}; ${fix}`,
  );
}
