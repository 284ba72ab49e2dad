import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { DataError, OutOfRangeError, tensor } from "@wengert/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { load, save, writeFileAtomic } from "../../src/index.ts";
import { type Faults, onSystem } from "./system.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "wengert-")));
});
afterEach(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(place(name), "utf8");
const all = (): string[] => readdirSync(folder).sort();

describe("writeFileAtomic", () => {
  test("creates a new file with the system's default permissions", async () => {
    await writeFileAtomic(place("new"), "é");
    writeFileSync(place("other"), "");
    expect(read("new")).toBe("é");
    expect(statSync(place("new")).mode).toBe(statSync(place("other")).mode);
    expect(all()).toEqual(["new", "other"]);
  });

  test("writes bytes to a URL with a name of maximum length", async () => {
    const name = "ö".repeat(127);
    await writeFileAtomic(pathToFileURL(place(name)), Uint8Array.of(1, 2, 3));
    expect([...readFileSync(place(name))]).toEqual([1, 2, 3]);
  });

  test("keeps the permissions of an old file, and leaves its hard links unchanged", async () => {
    writeFileSync(place("it"), "old and longer");
    chmodSync(place("it"), 0o640);
    linkSync(place("it"), place("link"));
    await writeFileAtomic(place("it"), "new");
    expect([read("it"), read("link")]).toEqual(["new", "old and longer"]);
    expect(statSync(place("it")).mode & 0o7777).toBe(0o640);
    expect(all()).toEqual(["it", "link"]);
  });

  test("supports concurrent writes", async () => {
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(100_000));
    await Promise.all(texts.map((text) => writeFileAtomic(place("it"), text)));
    expect(texts).toContain(read("it"));
    expect(all()).toEqual(["it"]);
  });

  test("follows symbolic links, also to other folders and to files that do not exist yet", async () => {
    mkdirSync(place("there/deep"), { recursive: true });
    mkdirSync(place("elsewhere"));
    writeFileSync(place("there/it"), "old");
    symlinkSync("../it", place("there/deep/link"));
    symlinkSync(place("there/deep"), place("short"));
    symlinkSync("short/link", place("link"));
    symlinkSync("elsewhere/new", place("dangling"));
    await writeFileAtomic(place("link"), "new");
    await writeFileAtomic(place("dangling"), "too");
    expect([read("there/it"), read("elsewhere/new")]).toEqual(["new", "too"]);
    expect([readlinkSync(place("link")), readlinkSync(place("dangling"))]).toEqual(["short/link", "elsewhere/new"]);
    expect(readdirSync(place("there"))).toEqual(["deep", "it"]);
    expect(readdirSync(place("elsewhere"))).toEqual(["new"]);
  });

  test("throws ELOOP for circular links", async () => {
    symlinkSync("b", place("a"));
    symlinkSync("a", place("b"));
    await expect(writeFileAtomic(place("a"), "x")).rejects.toThrow(/ELOOP/);
  });

  // The test writes to a pipe, not to a device: if the code had a bug, a test run by root would replace /dev/null by a
  // file.
  test.skipIf(spawnSync("mkfifo", ["--version"]).status !== 0)("writes into a pipe without replacing it", async () => {
    spawnSync("mkfifo", [place("pipe")]);
    const reader = spawn("cat", [place("pipe")], { stdio: ["ignore", "pipe", "inherit"] });
    await writeFileAtomic(place("pipe"), "x".repeat(100_000));
    expect(await text(reader.stdout)).toBe("x".repeat(100_000));
    expect(lstatSync(place("pipe")).isFIFO()).toBe(true);
    expect(all()).toEqual(["pipe"]);
  });

  test.skipIf(process.getuid?.() === 0)("throws EACCES for a write-protected file", async () => {
    writeFileSync(place("it"), "old");
    chmodSync(place("it"), 0o444);
    await expect(writeFileAtomic(place("it"), "new")).rejects.toThrow(/EACCES/);
    expect(read("it")).toBe("old");
  });
});

describe("after a failure the old file is unchanged and no temporary file remains", () => {
  const tree = { W: tensor(new Float64Array(10_000).fill(0.5)), b: tensor(new Float64Array(10_000).fill(2)) };
  const old = "old content";
  const faults: Record<string, Faults> = {
    "the disk is full at once": { write: { code: "ENOSPC", after: 0 } },
    "the disk is full in the header": { write: { code: "ENOSPC", after: 20 } },
    "the disk is full in a tensor": { write: { code: "ENOSPC", after: 100_000 } },
    "the disk breaks": { write: { code: "EIO", after: 50_000 } },
    "the quota is used up": { write: { code: "EDQUOT", after: 80_000 } },
    "the disk breaks during sync": { sync: "EIO" },
    "the rename fails": { rename: "EPERM" },
  };
  for (const [name, fault] of Object.entries(faults))
    test(name, async () => {
      for (const isThere of [false, true]) {
        if (isThere) writeFileSync(place("it"), old);
        const { code = fault.sync ?? fault.rename } = fault.write ?? {};
        const saving = onSystem(fault, () => save(place("it"), tree));
        await expect(saving).rejects.toThrow(DataError);
        await expect(saving).rejects.toMatchObject({ cause: { code } });
        expect(all()).toEqual(isThere ? ["it"] : []);
        if (isThere) expect(read("it")).toBe(old);
      }
      await save(place("it"), tree); // saving works again without the fault
      expect((await load(place("it"), { like: tree })).tree.b.data.get(9999)).toBe(2);
    });

  test("an error while generating a part is thrown unchanged", async () => {
    const { writeParts } = await import("../../src/files/atomic.ts");
    const parts = (function* () {
      yield Uint8Array.of(1);
      throw new OutOfRangeError("no memory");
    })();
    await expect(writeParts("save", place("it"), parts)).rejects.toThrow(OutOfRangeError);
    expect(all()).toEqual([]);
  });

  test("the folder is synced after the rename, on systems that support it", async () => {
    await onSystem({ syncFolder: "EINVAL" }, () => writeFileAtomic(place("it"), "new"));
    expect(read("it")).toBe("new");
    await expect(onSystem({ syncFolder: "EIO" }, () => writeFileAtomic(place("it"), "newer"))).rejects.toThrow(
      /is written/,
    );
    expect(read("it")).toBe("newer");
  });
});

describe("a temporary file of a killed process", () => {
  /** Returns the path of the temporary file that process `pid` would write. */
  const draft = async (name: string, pid: number): Promise<string> => {
    const { temporaryPath } = await import("../../src/files/atomic.ts");
    return temporaryPath("test", place(name)).replace(`.${process.pid}.`, `.${pid}.`);
  };
  const gone = 2 ** 22 + 1; // above the highest process id

  test("is removed by the next write to the file, and those of running processes stay", async () => {
    const [left, other, running] = [await draft("it", gone), await draft("it2", gone), await draft("it", process.ppid)];
    for (const path of [left, other, running]) writeFileSync(path, "half");
    await writeFileAtomic(place("it"), "new");
    expect([left, other, running].map((path) => existsSync(path))).toEqual([false, true, true]);
    await writeFileAtomic(place("it2"), "new");
    expect(existsSync(other)).toBe(false);
  });

  test("of another machine, or with a reused process id, is removed after an hour", async () => {
    const running = await draft("it", process.ppid);
    const elsewhere = running.replace(/\.[0-9a-f]{8}\./, ".00000000.");
    for (const path of [running, elsewhere]) writeFileSync(path, "half");
    const at = (minutes: number) => new Date(Date.now() - 60_000 * minutes);
    utimesSync(running, at(50), at(50));
    utimesSync(elsewhere, at(70), at(70));
    await writeFileAtomic(place("it"), "new");
    expect([running, elsewhere].map((path) => existsSync(path))).toEqual([true, false]);
    utimesSync(running, at(70), at(70));
    await writeFileAtomic(place("it"), "new");
    expect(all()).toEqual(["it"]);
  });

  test("is not confused with other files in the folder", async () => {
    const names = [".it.tmp", ".it.00000000.5.tmp", "it.tmp", `.it.xyz.${gone}.abc.tmp`, ".it.swp"];
    for (const name of names) writeFileSync(place(name), "");
    await writeFileAtomic(place("it"), "new");
    expect(all()).toEqual([...names, "it"].sort());
  });
});
