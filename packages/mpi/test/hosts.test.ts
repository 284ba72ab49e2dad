import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaves, ravel } from "@wengert/core/extend";
import { fit, fromSafetensors } from "@wengert/train";
import { afterAll, describe, expect, test } from "vitest";
import { dataOf, loss, modelOf, optionsOf, rows } from "./model.mjs";
import { environment, found, programPath, run } from "./mpirun.ts";

// Two network namespaces stand for two hosts, connected by a virtual cable. Only root may create namespaces.

const addresses = ["10.77.0.1", "10.77.0.2"] as const;
const prefix = `wengert${process.pid}`;
const namespaces = addresses.map((address) => `${prefix}-${address}`);
const env = { ...environment, WENGERT_HOSTS: prefix };

const ip = (...args: string[]): boolean => spawnSync("ip", args).status === 0;
/** Waits up to five seconds until the virtual cable is connected. */
const isUp = (name: string, cable: string): boolean =>
  Array.from({ length: 50 }).some(() => {
    if (/ UP /.test(spawnSync("ip", ["-n", name, "-br", "link", "show", cable], { encoding: "utf8" }).stdout))
      return true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    return false;
  });
const hasHosts = found.length > 0 && connectHosts();
if (found.length > 0 && !hasHosts)
  console.warn("mpi: the test with two hosts is skipped, because it needs root, and ip of iproute2");

/**
 * Creates the two network namespaces, connected by a virtual cable. Returns false if the current user may not create
 * namespaces.
 */
function connectHosts(): boolean {
  const [first = "", second = ""] = namespaces;
  const cables = [`wa${process.pid}`, `wb${process.pid}`] as const;
  return (
    spawnSync("unshare", ["--uts", "--ipc", "--mount", "hostname", "host"]).status === 0 &&
    namespaces.every((name) => ip("netns", "add", name) && ip("-n", name, "link", "set", "lo", "up")) &&
    ip("link", "add", cables[0], "netns", first, "type", "veth", "peer", "name", cables[1], "netns", second) &&
    namespaces.every(
      (name, i) =>
        ip("-n", name, "addr", "add", `${addresses[i]}/24`, "dev", cables[i]!) &&
        ip("-n", name, "link", "set", cables[i]!, "up"),
    ) &&
    namespaces.every((name, i) => isUp(name, cables[i]!))
  );
}

const folder = mkdtempSync(join(tmpdir(), "wengert-hosts-"));
afterAll(() => {
  for (const name of namespaces) ip("netns", "del", name);
  rmSync(folder, { recursive: true });
});

const remote = programPath("remote.sh");
const launchers: Readonly<Record<string, readonly string[]>> = {
  "mpirun.openmpi": ["--mca", "plm_rsh_agent", remote, "--host", addresses.join()],
  "mpirun.mpich": ["-launcher", "ssh", "-launcher-exec", remote, "-hosts", addresses.join(), "-ppn", "1"],
};

// `npm test` uses one MPI, and `npm run soak` uses each installed MPI.
const [runs, tried] = process.env.WENGERT_SOAK ? [200, found] : [2, found.slice(0, 1)];

describe.skipIf(!hasHosts)("on two hosts", () => {
  const launchOnHosts = (mpirun: string, program: string, ...args: string[]) =>
    run(
      [remote, addresses[0], mpirun, ...launchers[mpirun]!, "-n", "2", process.execPath, programPath(program), ...args],
      env,
    );

  test.each(tried)("fit with $name equals one process", { timeout: 120_000 }, async ({ mpirun, library }) => {
    const own = mkdtempSync(join(folder, library));
    const { code, stdout, stderr } = await launchOnHosts(mpirun, "program.mjs", own, library);
    expect([code, stdout + stderr]).toEqual([0, ""]);
    const results = [0, 1].map((rank) => JSON.parse(readFileSync(join(own, `${rank}.json`), "utf8")));
    expect(results.map(({ host }) => host)).toEqual(["host-10-77-0-1", "host-10-77-0-2"]);
    const [{ float64 }] = results;
    expect(results[1].float64.fit).toEqual(float64.fit);
    expect(float64.resumed).toEqual(float64.fit);

    const alone = await fit(loss, modelOf("float64"), dataOf(rows, "float64"), optionsOf("float64"));
    const numbersOf = (tree: unknown) => leaves("test", tree, "tree").flatMap((leaf) => [...ravel(leaf.array!)]);
    const expected = numbersOf(alone.params);
    const { tree } = fromSafetensors(Buffer.from(float64.fit.params, "base64"));
    const errors = numbersOf(tree).map((x, i) => Math.abs(x - expected[i]!));
    expect(Math.max(...errors) / Math.max(...expected.map(Math.abs))).toBeLessThanOrEqual(1e-12);
  });

  // Without the pause before MPI_Finalize, MPICH waited forever in 9 of 120 runs.
  test.each(tried)(
    `a program with $name ends in each of ${runs} runs`,
    { timeout: 300_000 },
    async ({ mpirun, library }) => {
      for (let i = 0; i < runs; i++)
        expect(await launchOnHosts(mpirun, "failing.mjs", "end", library)).toEqual({ code: 0, stdout: "", stderr: "" });
    },
  );
});
