import { ArgumentError } from "@wengert/core";
import { isRecording } from "@wengert/core/extend";

/**
 * Throws inside `grad`, `compile` or `trace`. Their tape holds only the steps of the current process, so derivatives and
 * plans would omit the communication with the other ranks.
 * @throws ArgumentError if a tape or a trace is recording
 */
export function mustNotBeRecorded(caller: string, fix: string): void {
  if (!isRecording()) return;
  throw new ArgumentError(
    `${caller}: a function that is differentiated, compiled or traced cannot communicate with other ranks, but it called ${caller}; ${fix}`,
  );
}
