/**
 * The code in this file runs in its own thread, and ends the process if a counter that the tests increase does not
 * change for too long.
 */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const { beats, seconds, hint } = workerData;
let last = Atomics.load(beats, 0);
while (Atomics.wait(beats, 0, last, seconds * 1000) !== "timed-out") last = Atomics.load(beats, 0);
writeSync(2, `\nfuzz: call ${last} has not returned for ${seconds} seconds; ${hint}${last}\n`);
process.kill(process.pid, "SIGKILL");
