import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Tensor, tensor } from "@wengert/core";
import { readNpy, toNpy } from "@wengert/data";
import { add, mul, neg, randomKey, randomUniform, slice, squeeze, sum } from "@wengert/ops";
import { encode } from "fast-png";
import { afterAll, describe, expect, test } from "vitest";
import { lfw, readFaces } from "../src/faces/data.ts";
import { crossValidate } from "../src/faces/fit.ts";
import faces from "../src/faces/main.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-faces-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (path: string) => join(folder, path);
const write = (path: string, content: Uint8Array | string) => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
  return at(path);
};

const [height, width] = [6, 5];
const noise = randomUniform(randomKey(3), { shape: [60, height, width] });
/** Returns images of random noise. Each image of class k has a bright row k. */
const stack = (K: number, perClass: number): Tensor => {
  const rows = Array.from({ length: K * perClass }, (_, i) =>
    Array.from({ length: height }, (_, y) => new Array<number>(width).fill(y === Math.floor(i / perClass) ? 0.8 : 0)),
  );
  return add(mul(0.2, slice(noise, { start: [0], stop: [K * perClass] })), tensor(rows));
};
const settings = { folds: 3, epochs: 20, rate: 0.01, ridge: 0.1, seed: 1 };
const small = ["--folds", "3", "--epochs", "20", "--rate", "0.01"];
const own = { images: "", labels: "", classes: "face:100,other:100", size: 8 };

describe("images", () => {
  test("of a folder with one sub-folder per class are converted to gray and resized", async () => {
    const png = (level: number) => encode({ width: 4, height: 4, channels: 3, data: new Uint8Array(48).fill(level) });
    for (const name of ["cat", "dog"])
      for (const i of [1, 2]) write(`pets/${name}/${i}.png`, png(name === "cat" ? 0 : 255));
    write("pets/dog/3.png", "no image");
    const data = await readFaces({ ...own, images: at("pets") });
    expect([data.images.shape, data.classes]).toEqual([
      [4, 8, 8],
      ["cat", "dog"],
    ]);
    expect(data.labels.toNested()).toEqual([0, 0, 1, 1]);
    expect(data.names).toEqual(["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"]);
    expect(data.leftOut).toEqual(["dog/3.png: it is not a PNG or JPEG"]);
  });

  test("of a stack get labels from counts or from another file", async () => {
    const path = write("bytes.npy", toNpy(tensor([[[0, 51]], [[255, 0]], [[0, 0]]], { dtype: "int32" })));
    const counted = await readFaces({ ...own, images: path, classes: "a:2,b:1" });
    expect(counted.labels.toNested()).toEqual([0, 0, 1]);
    expect(counted.images.toNested()).toEqual([[[0, Math.fround(0.2)]], [[1, 0]], [[0, 0]]]);
    const labels = write("labels.npy", toNpy(tensor([1, 0, 1], { dtype: "int32" })));
    const labeled = await readFaces({ ...own, images: path, labels });
    expect([labeled.labels.toNested(), labeled.classes]).toEqual([
      [1, 0, 1],
      ["face", "other"],
    ]);
    const three = write("three.npy", toNpy(tensor([2, 0, 1], { dtype: "int32" })));
    expect((await readFaces({ ...own, images: path, labels: three })).classes).toEqual(["0", "1", "2"]);
  });
});

describe("the cross-validation", () => {
  test("scores each image once, by a fit that has not seen it, and finds the discriminating pixels", async () => {
    const images = stack(3, 12);
    const labels = tensor(
      Array.from({ length: 36 }, (_, i) => Math.floor(i / 12)),
      { dtype: "int32" },
    );
    const data = { images, labels, classes: ["a", "b", "c"], names: [], leftOut: [] };
    const judged = await crossValidate(data, settings, () => {});
    expect(judged.parts.map(({ counts }) => counts)).toEqual([
      [24, 12],
      [24, 12],
      [24, 12],
    ]);
    expect(judged.parts.map(({ right }) => right)).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(judged.scores.toNested<number[][]>().map((row) => row.indexOf(Math.max(...row)))).toEqual(labels.toNested());
    const byRow = sum(judged.weights, { axis: 2 }).toNested<number[][]>();
    byRow.forEach((weights, k) => {
      expect(weights.indexOf(Math.max(...weights))).toBe(k);
    });
    expect(judged.parts[0]!.history.validation).toHaveLength(settings.epochs);
  });

  test("of pure noise has chance accuracy on held-out images, even with a high training accuracy", async () => {
    const labels = tensor(
      Array.from({ length: 60 }, (_, i) => i % 2),
      { dtype: "int32" },
    );
    const data = { images: noise, labels, classes: ["a", "b"], names: [], leftOut: [] };
    const { parts } = await crossValidate(data, { ...settings, ridge: 0.001, epochs: 100 }, () => {});
    expect(Math.min(...parts.map(({ right: [fitted] }) => fitted))).toBeGreaterThan(0.85);
    const heldOut = parts.reduce((total, { right }) => total + right[1] / parts.length, 0);
    expect(Math.abs(heldOut - 0.5)).toBeLessThan(3 * Math.sqrt(0.25 / 60));
  });

  test("of two classes returns the differences of their weights", async () => {
    const labels = tensor(
      Array.from({ length: 24 }, (_, i) => Math.floor(i / 12)),
      { dtype: "int32" },
    );
    const { weights } = await crossValidate(
      { images: stack(2, 12), labels, classes: ["a", "b"], names: [], leftOut: [] },
      settings,
      () => {},
    );
    const [first, second] = [0, 1].map((k) => squeeze(slice(weights, { start: [k], stop: [k + 1] }), { axis: 0 }));
    expect(neg(first!).toNested()).toEqual(second!.toNested());
    const rows = sum(first!, { axis: 1 }).toNested<number[]>();
    expect([rows.indexOf(Math.max(...rows)), rows.indexOf(Math.min(...rows))]).toEqual([0, 1]);
  });
});

describe("the command", () => {
  const images = () => ["--images", write("stack.npy", toNpy(stack(3, 12))), "--classes", "top:12,second:12,third:12"];

  test("prints and draws its results, the same for the same seed", async () => {
    const run = (seed: string) => runQuietly(faces, [...images(), ...small, "--seed", seed, "--out", at("out")]);
    const first = await run("1");
    expectReadable(first.printed);
    expect(first.printed).toContain("36 images of 6 × 5 pixels in gray, K = 3: top 12, second 12, third 12.");
    expect(first.outcome.confusion.accuracy).toBe(1);
    expectSelfContained(first.outcome.file, 4);
    const page = readFileSync(first.outcome.file, "utf8");
    expect(page).toContain("One matrix: top or second or third");
    await run("1");
    expect(readFileSync(first.outcome.file, "utf8")).toBe(page);
    await run("2");
    expect(readFileSync(first.outcome.file, "utf8")).not.toBe(page);
  });

  test("prints user mistakes in one line", async () => {
    const given = (...args: string[]) => [...args, "--out", at("out")];
    const npy = (name: string, t: Tensor) => write(name, toNpy(t));
    const fine = npy("fine.npy", stack(2, 6));
    const refusals: [string[], string][] = [
      [["--images", at("nowhere")], "nowhere cannot be read"],
      [["--images", at("nowhere.npy")], "nowhere.npy cannot be read"],
      [["--images", npy("flat.npy", tensor([1, 2]))], "has shape [2]; a stack of gray images is [N, height, width]"],
      [["--images", npy("negative.npy", tensor([[[-1, 2]]]))], "holds numbers from -1 to 2"],
      [["--images", npy("nan.npy", tensor([[[Number.NaN]]]))], "holds numbers from NaN to NaN"],
      [["--images", fine], "--classes face:100,other:100 counts 200 images, but there are 12."],
      [["--images", fine, "--classes", "a:6;b:6"], "--classes must be names with counts"],
      [["--images", fine, "--classes", "a:12"], "--classes must be names with counts"],
      [
        ["--images", fine, "--classes", "a:10,b:2"],
        "there are 2 images of b; --folds 5 needs at least 5 of each class",
      ],
      [
        ["--images", fine, "--labels", npy("two.npy", tensor([1, 2], { dtype: "int32" }))],
        "labels of 12 images have shape [12]",
      ],
      [
        ["--images", fine, "--labels", npy("half.npy", tensor(new Array(12).fill(0.5)))],
        "which int32 cannot represent",
      ],
      [["--images", fine, "--labels", npy("minus.npy", tensor(new Array(12).fill(-1)))], "holds labels from -1"],
      [["--images", fine, "--labels", npy("zero.npy", tensor(new Array(12).fill(0)))], "there is only one class, 0"],
    ];
    for (const [args, message] of refusals) await expectRefusal(faces, given(...args), message);
    if (!existsSync(lfw)) await expectRefusal(faces, given(), "apt-get download python3-skimage");
  });
});

// This test needs face images that only the script .ci/run downloads. On other machines, the test is skipped.
describe.skipIf(!existsSync(lfw))("100 faces, 100 others", () => {
  test("are classified with at least 90 % accuracy for several seeds", async () => {
    expect((await readNpy(lfw)).shape).toEqual([200, 25, 25]);
    for (const seed of ["1", "2", "3"]) {
      const { outcome } = await runQuietly(faces, ["--seed", seed, "--out", at("lfw")]);
      expect(outcome.confusion.accuracy).toBeGreaterThanOrEqual(0.96);
    }
  });
});
