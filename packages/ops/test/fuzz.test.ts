import { Worker } from "node:worker_threads";
import { afterAll, expect, it, vi } from "vitest";

// Tests that a call with random wrong arguments returns a value or throws a WengertError. Only errors that a user's
// getter or proxy trap throws may propagate unchanged. After a call, no tape is active. No call hangs, or allocates
// much more memory than its shapes need: all arguments are small, so a call that allocates an array of 2^28 bytes fails
// the test.

const seed = Number(process.env.WENGERT_SEED ?? 1);
const from = Number(process.env.WENGERT_FROM ?? 0); // the first call: set it to repeat a call
const seconds = Number(process.env.WENGERT_SECONDS ?? 0); // how long to run; 0 makes a fixed number of calls
const calls = process.env.WENGERT_SOAK ? 8000 : 2000;

let allocated = 0;

/** Returns a typed array class that counts allocations and limits their size. */
function counted<
  K extends Float64ArrayConstructor | Float32ArrayConstructor | Int32ArrayConstructor | Uint8ArrayConstructor,
>(Kind: K): K {
  const Base = Kind as unknown as new (...args: unknown[]) => object;
  class Counted extends Base {
    constructor(...args: unknown[]) {
      if (typeof args[0] === "number") {
        const bytes = args[0] * Kind.BYTES_PER_ELEMENT;
        if (bytes > 2 ** 28) throw new RangeError("Array buffer allocation failed");
        allocated += bytes;
      }
      super(...args);
    }
  }
  return Counted as unknown as K;
}
const original = { Float64Array, Float32Array, Int32Array, Uint8Array };
globalThis.Float64Array = counted(Float64Array);
globalThis.Float32Array = counted(Float32Array);
globalThis.Int32Array = counted(Int32Array);
globalThis.Uint8Array = counted(Uint8Array);

vi.resetModules(); // so that the library is loaded again, with the counting classes
const core = await import("@wengert/core");
const ops = await import("@wengert/ops");
const { gradcheck } = await import("@wengert/core/gradcheck");
const { ndarray } = await import("@wengert/core/extend");
const { isRecording } = await import("../../core/src/autodiff/tape.ts");
const { callsOf, UsersOwn, unchecked } = await import("./fuzz.ts");

const beats = new Int32Array(new SharedArrayBuffer(4));
const hint = `WENGERT_SEED=${seed} WENGERT_FROM=`;
const watchdog = new Worker(new URL("./watchdog.mjs", import.meta.url), { workerData: { beats, seconds: 20, hint } });
afterAll(() => {
  Object.assign(globalThis, original);
  vi.resetModules();
  return watchdog.terminate();
});

it("any call returns a value or throws a WengertError", { timeout: 1000 * seconds + 60_000 }, () => {
  const library = { core, ops, gradcheck, ndarray };
  const { at } = callsOf(library, seed);
  const findings: string[] = [];
  const outcomes = { values: 0, errors: 0, own: 0 };
  const until = performance.now() + 1000 * seconds;
  let k = from;
  for (; seconds > 0 ? performance.now() < until : k < Math.max(calls, from + 1); k++) {
    Atomics.store(beats, 0, k);
    Atomics.notify(beats, 0);
    const { text, run } = at(k);
    const found = (what: unknown) => findings.push(`${hint}${k}: ${text}: ${String(what).slice(0, 300)}`);
    allocated = 0;
    try {
      run();
      outcomes.values++;
    } catch (error) {
      if (error instanceof core.WengertError) outcomes.errors++;
      else if (error instanceof UsersOwn) outcomes.own++;
      else found(error instanceof Error ? error.stack : error);
    }
    if (isRecording()) found("a tape stays open");
    if (allocated > (text.startsWith("gradcheck") ? 2 ** 29 : 2 ** 24)) found(`${allocated} bytes were allocated`);
  }
  const after = core.grad((x: typeof core.Tensor.prototype) => ops.mul(x, x))(core.tensor(3));
  expect([findings.slice(0, 20), after.item()]).toEqual([[], 6]);
  if (from > 0) return;
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(k / 1000);
  if (seconds > 0) console.log(`fuzz: ${k} calls of seed ${seed}: ${JSON.stringify(outcomes)}`);
});

it("all unchecked names are exported", () => {
  expect(Object.keys(unchecked).filter((name) => !(name in core || name in ops))).toEqual([]);
});
