import { spawnSync } from "node:child_process";
import { ArgumentError } from "@wengert/core";
import { kernels } from "@wengert/ops";
import { afterEach, describe, expect, it, vi } from "vitest";
import { host, on, throwingClass, webAssemblyWith, withoutRelaxedSimd } from "./hosts.ts";
import { areMutated } from "./sources.ts";
import { errorOf } from "./support.ts";

const { available } = kernels();
afterEach(() => vi.unstubAllEnvs());

/** Simulates a JavaScript engine in which the environment variable WENGERT_KERNELS has the value `wanted`. */
async function started(wanted: string | undefined) {
  vi.stubEnv("WENGERT_KERNELS", wanted);
  return host(webAssemblyWith());
}

describe("kernels", () => {
  it.each([...available, "auto"] as const)("chooses %s and reports the active kernels", (name) => {
    const before = kernels().choice;
    const running = name === "auto" ? available.at(-1) : name;
    expect(kernels(name)).toMatchObject({ choice: name, running, available });
    expect(kernels()).toMatchObject({ choice: name, running, available });
    kernels(before);
  });

  it("reports missing kernels with the reason", () => {
    const { missing } = kernels();
    expect([...available, ...Object.keys(missing)].sort()).toEqual(["fma", "plain", "simd"]);
    for (const why of Object.values(missing)) expect(why).toMatch(/SIMD$/);
  });

  it("changes nothing when it throws", () => {
    const before = kernels();
    expect(errorOf(() => kernels("gpu" as "simd"))).toBeInstanceOf(ArgumentError);
    expect(kernels()).toEqual(before);
  });

  it.each([
    ["WebAssembly is missing", undefined, ["plain"], /WebAssembly is not available/],
    ["SIMD is missing", webAssemblyWith({ validate: () => false }), ["plain"], /no SIMD/],
    ["relaxed SIMD is missing", withoutRelaxedSimd(), ["plain", "simd"], /no relaxed SIMD/],
    [
      "a page forbids it",
      webAssemblyWith({ Module: throwingClass(new EvalError("policy")) }),
      ["plain"],
      /policy.*'wasm-unsafe-eval'/,
    ],
    [
      "there is no memory",
      webAssemblyWith({ Instance: throwingClass(new RangeError("full")) }),
      ["plain"],
      /memory.*full/,
    ],
  ])("uses the best available kernels when %s, and reports the reason", async (_, WebAssembly, expected, why) => {
    vi.stubEnv("WENGERT_KERNELS", undefined);
    const place = await host(WebAssembly);
    const found = on(place, (own) => own.kernels());
    expect(found).toMatchObject({ choice: "auto", running: expected.at(-1), available: expected });
    const name = "simd" in found.missing ? "simd" : "fma"; // the first that cannot run
    expect(found.missing[name]).toMatch(why);
    expect(on(place, (own) => own.currentEngine()?.name)).toBe(expected.length > 1 ? "simd" : undefined);
    expect(errorOf(() => on(place, (own) => own.kernels(name))).message).toMatch(why);
  });
});

describe("WENGERT_KERNELS", () => {
  it.each([...available, "auto"])("%s is active from the start", async (name) => {
    const place = await started(name);
    expect(on(place, (own) => [own.currentEngine()?.name ?? "plain", own.kernels().choice])).toEqual([
      name === "auto" ? (available.at(-1) ?? "") : name,
      name,
    ]);
  });

  it.each([undefined, ""])("%j means auto", async (name) => {
    expect(on(await started(name), (own) => own.kernels().choice)).toBe("auto");
  });

  it("with an unknown name makes every op throw until kernels() chooses", async () => {
    const place = await started("gpu");
    for (let times = 0; times < 2; times++) {
      const error = errorOf(() => on(place, (own) => own.currentEngine()));
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error.message).toBe('WENGERT_KERNELS: expected "plain", "simd", "fma" or "auto"; got the string "gpu"');
    }
    expect(on(place, (own) => own.kernels("plain").running)).toBe("plain");
  });

  it("with unavailable kernels throws in the same way", async () => {
    vi.stubEnv("WENGERT_KERNELS", "fma");
    const place = await host(withoutRelaxedSimd());
    expect(errorOf(() => on(place, (own) => own.currentEngine())).message).toMatch(
      /^WENGERT_KERNELS: "fma" cannot run here/,
    );
  });

  it("that cannot be read means auto", async () => {
    const process = Object.defineProperty({}, "env", {
      get() {
        throw new Error("no permission");
      },
    });
    vi.stubGlobal("process", process);
    const choice = on(await host(webAssemblyWith()), (own) => own.kernels().choice);
    vi.unstubAllGlobals();
    expect(choice).toBe("auto");
  });
});

describe("loading", () => {
  it("waits for the first op and happens once", async () => {
    vi.stubEnv("WENGERT_KERNELS", undefined);
    const Module = vi.fn(webAssemblyWith().Module);
    const place = await host(webAssemblyWith({ Module }));
    expect(Module).not.toHaveBeenCalled();
    const { length } = on(place, (own) => [
      own.currentEngine(),
      own.currentEngine(),
      own.kernels("plain"),
      own.kernels("simd"),
    ]);
    expect(length).toBe(4);
    expect(Module.mock.calls.length).toBe(available.length - 1);
  });

  it.skipIf(areMutated)("does not happen on import", () => {
    const program = `
      const compiled = [];
      const { Module } = WebAssembly;
      WebAssembly.Module = class extends Module { constructor(binary) { super(binary); compiled.push(binary.length); } };
      await import("@wengert/ops");
      console.log(compiled.length);`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: import.meta.dirname,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe("0");
  });
});
