import { type Tensor, tensor } from "@wengert/core";
import { mul, randomKey, randomNormal, randomUniform, reshape, softmax, transpose } from "@wengert/ops";
import {
  type Content,
  colored,
  type Html,
  head,
  html,
  page,
  plot,
  type ReportOptions,
  report,
  table,
} from "@wengert/report";
import { accuracy, calibration, confusionMatrix, type History, logLoss } from "@wengert/train";
import fc from "fast-check";
import { decode } from "fast-png";
import { parseHTML } from "linkedom";
import { describe, expect, expectTypeOf, test } from "vitest";

const int32 = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype: "int32" });

/** Returns random scores and labels of N rows. About two thirds of the predictions are correct. */
function rows(N: number, K: number, seed = 1): Pick<ReportOptions, "scores" | "labels"> {
  const labels = Array.from(randomUniform(randomKey(seed), { shape: [N], max: K }).data.data, Math.floor);
  const noise = randomNormal(randomKey(seed + 1), { shape: [N, K] }).toNested<number[][]>();
  const scores = noise.map((row, i) => row.map((x, k) => x + (k === labels[i] ? 2 : 0)));
  return { labels: int32(labels), scores: tensor(scores, { dtype: "float32" }) };
}

const point = (epoch: number, loss: number, share = 0.5) => ({
  step: 10 * epoch,
  epoch,
  loss,
  metrics: { accuracy: share },
});
const history: History = {
  train: [point(0.5, 2.1), point(1, 1.2), point(1.5, 0.9), point(2, 0.7, 0.8)],
  validation: [point(1, 1.4), point(2, 1.1, 0.75)],
};
const read = (text: string): Document => parseHTML(text).document as unknown as Document;
interface Document {
  readonly title: string;
  querySelectorAll(selector: string): Iterable<Element>;
  querySelector(selector: string): Element | null;
}
interface Element {
  readonly tagName: string;
  readonly textContent: string;
  readonly attributes: Iterable<{ readonly name: string }>;
  getAttribute(name: string): string;
}
const all = (document: Document, selector: string): Element[] => [...document.querySelectorAll(selector)];

/**
 * Returns predictions and labels for two classes. For each entry [p, count, hits] of `bins`, the probability p is
 * predicted for `count` rows, and `hits` of these predictions are correct.
 */
function binned(bins: readonly (readonly [p: number, count: number, hits: number])[]) {
  const all = bins.flatMap(([p, count, hits]) =>
    Array.from({ length: count }, (_, i) => [p, i < hits ? 0 : 1] as const),
  );
  return {
    probabilities: tensor(all.map(([p]) => [p, 1 - p])),
    labels: int32(all.map(([, label]) => label)),
  };
}

/** Lists the elements of a page with the names of their attributes, without text. */
const skeleton = (text: string): string[] =>
  all(read(text), "*").map(({ tagName, attributes }) =>
    [tagName, ...Array.from(attributes, ({ name }) => name)].join(" "),
  );

/** Expects that a page loads no files and runs no scripts. */
function expectSafe(text: string): void {
  expect(text).not.toMatch(/<script|<link|<iframe|<object|\son\w+=|url\(|@import/i);
  for (const element of all(read(text), "[src], [href]"))
    expect(element.getAttribute("src") ?? element.getAttribute("href")).toMatch(/^data:image\/png;base64,|^#/);
  expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
}

describe("a report", () => {
  test("shows the values of the metrics", async () => {
    const { scores, labels } = rows(300, 4);
    const text = await report(history, { title: "Four", labels, scores });
    const P = softmax(scores!);
    const { expectedError } = calibration(P, labels);
    const figures = all(read(text), "dd").map(({ textContent }) => textContent);
    const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
    expect(figures).toEqual([
      percent(accuracy(scores!, labels)),
      logLoss(P, labels).toFixed(4),
      percent(expectedError),
    ]);
    expect(read(text).title).toBe(`Four: ${figures[0]}`);
    const places = all(read(text), "svg[aria-label^=confusion] rect").map((cell) => [
      cell.getAttribute("x"),
      cell.getAttribute("y"),
    ]);
    expect(new Set(places.slice(0, 4).map(([x]) => x)).size, "a row has one height").toBe(4);
    expect(new Set(places.slice(0, 4).map(([, y]) => y)).size).toBe(1);
    const { counts, results } = confusionMatrix(scores!, labels);
    const cells = all(read(text), "svg[aria-label^=confusion] g:last-child text").map((each) => each.textContent);
    expect(cells).toEqual(
      counts
        .toNested<number[][]>()
        .flat()
        .map((n) => (n === 0 ? "" : String(n))),
    );
    for (const { name, count, predicted, precision, recall, f1 } of results)
      expect(text.replaceAll(/<[^>]*>/g, "|").replaceAll(/\|+/g, "|")).toContain(
        [name, count, predicted, percent(precision), percent(recall), percent(f1)].join("|"),
      );
    expect(await report(history, { title: "Four", labels, probabilities: P })).toBe(text);
  });

  test("has all sections, a label for each plot, and no external content", async () => {
    const images = randomUniform(randomKey(3), { shape: [40, 5, 6] });
    const weights = randomNormal(randomKey(4), { shape: [3, 5, 6] });
    const text = await report(history, { title: "All", ...rows(40, 3), images, weights, tape: "a\nb" });
    expectSafe(text);
    const document = read(text);
    expect(all(document, "h2").map(({ textContent }) => textContent)).toEqual([
      "Learning curves",
      "Confusion matrix",
      "Results by class",
      "Calibration",
      "Weights by class",
      "Most confident mistakes",
      "The tape of one step",
    ]);
    const plots = all(document, "svg");
    expect(plots).toHaveLength(4);
    for (const each of plots)
      expect([each.getAttribute("role"), each.getAttribute("aria-label").length > 30]).toEqual(["img", true]);
    expect(plots[0]!.getAttribute("aria-label")).toBe(
      "loss over the epochs: training from 2.1000 to 0.7000, validation from 1.4000 to 1.1000",
    );
    expect(plots[1]!.getAttribute("aria-label")).toContain("validation from 50.00 % to 75.00 %");
    const numbers = all(document, "details td").map(({ textContent }) => textContent);
    expect(numbers).toEqual(["10", "1", "1.4000", "0.5000", "20", "2", "1.1000", "0.7500"]);
    for (const each of all(document, "img")) expect(each.getAttribute("alt")).toMatch(/\S/);
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(text).toMatch(/@media screen and \(prefers-color-scheme: dark\)[\s\S]*@media print/);
  });

  test("is the same for the same arguments", async () => {
    const once = () => report(history, { title: "Same", ...rows(50, 3), classes: ["a", "b", "c"] });
    expect(await once()).toBe(await once());
  });

  test.each([1, 2, 3, 12, 13, 30, 31, 100, 101, 150])("accepts %d classes", async (K) => {
    const text = await report(history, { title: "Many", ...rows(4 * K, K) });
    const cells = all(read(text), "svg[aria-label^=confusion] rect").length;
    expect(cells).toBe(K <= 100 ? K * K : 0);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(skeleton(text).filter((tag) => tag.startsWith("TR")).length).toBeLessThan(250);
  });

  test("names the held-out data in the learning curves", async () => {
    const curves = async (options: Partial<ReportOptions>) =>
      all(read(await report(history, { title: "Named", ...rows(40, 3), ...options })), "section")[0]!;
    for (const [options, name, other] of [
      [{}, "validation", "test"],
      [{ heldOut: "test" }, "test", "validation"],
    ] as const) {
      const text = (await curves(options)).textContent;
      expect(text).toContain(name);
      expect(text).not.toContain(other);
    }
    const labels = all(read(await report(history, { title: "Test", ...rows(40, 3), heldOut: "test" })), "svg");
    expect(labels[0]!.getAttribute("aria-label")).toContain(", test from 1.4000 to 1.1000");
  });

  test.each<[string, readonly number[], string | undefined]>([
    ["starts at 0", [0.2, 0.9], undefined],
    ["that does not start at 0 says so", [0.91, 0.934], "The axis starts at 91 %, not at 0."],
    ["with a single value says so", [0.5, 0.5], "The axis starts at 50 %, not at 0."],
  ])("an axis %s", async (_, shares, note) => {
    const given = { train: shares.map((share, i) => point(i + 1, 2 - i, share)), validation: [] };
    const document = read(await report(given, { title: "Axis", ...rows(20, 3) }));
    const notes = all(document, ".columns figcaption").map(({ textContent }) => textContent);
    expect(notes).toEqual(note === undefined ? [] : [note]);
    const ticks = all(document, 'svg[aria-label^="accuracy"] text').map(({ textContent }) => textContent);
    expect(ticks.includes("0")).toBe(note === undefined);
  });

  test("ranks mistakes by confidence and shows at most options.mistakes", async () => {
    const probabilities = tensor([[0.6, 0.4], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]); // biome-ignore format: a matrix
    const given = { title: "Two", labels: int32([1, 0, 0, 1]), probabilities, rows: ["one", "two", "three", "four"] };
    const told = async (options: Partial<ReportOptions>) =>
      all(read(await report(history, { ...given, ...options })), ".mistake figcaption > b:first-child").map(
        ({ textContent }) => textContent,
      );
    expect(await told({})).toEqual(["two", "three", "one"]);
    expect(await told({ mistakes: 1 })).toEqual(["two"]);
    expect(await told({ mistakes: 0 })).toEqual([]);
    const right = await report(history, { ...given, labels: int32([0, 1, 1, 1]) });
    expect(right).toContain("None: every prediction is correct");
  });

  test.each<[string, History | History[], number]>([
    ["without validation", { train: history.train, validation: [] }, 2],
    ["with one point", { train: [point(1, 2)], validation: [point(1, 2)] }, 2],
    ["with no point", { train: [], validation: [] }, 0],
    ["without metrics", { train: history.train.map((each) => ({ ...each, metrics: {} })), validation: [] }, 1],
    ["of a loss that became NaN", { train: [point(1, 2), point(2, Number.NaN)], validation: [point(2, Infinity)] }, 2],
    ["of several fits", [history, history, history], 2],
    [
      "of 10,000 steps",
      { train: Array.from({ length: 10_000 }, (_, i) => point(i / 100, 1 / (i + 1))), validation: [] },
      2,
    ],
  ])("accepts a history %s", async (_, given, plots) => {
    const text = await report(given, { title: "History", ...rows(20, 3) });
    expect(all(read(text), "svg")).toHaveLength(plots + 2);
    expect(text.replace(/<details>.*?<\/details>/gs, "")).not.toMatch(/NaN|undefined|Infinity|∞/);
    expect(text.length).toBeLessThan(100_000);
  });

  test("escapes all text in its arguments", async () => {
    const nasty = fc.constantFrom(
      "<",
      ">",
      "&",
      '"',
      "'",
      "</style>",
      "</title>",
      "<script>alert(1)</script>",
      "{{",
      "`",
      "]]>",
      "-->",
      "\u0000",
      "😀",
      "a",
      " onload=x ",
    );
    const text = fc.array(nasty, { minLength: 1, maxLength: 6 }).map((list) => list.join(""));
    const given = { ...rows(12, 3), tape: "", classes: [] as string[], rows: [] as string[] };
    const made = (words: readonly string[], name: (i: number) => string) =>
      report(history, {
        ...given,
        title: words[0]!,
        lead: words[1]!,
        command: words[2]!,
        tape: words[3]!,
        classes: [0, 1, 2].map((k) => `${k}${name(k)} and a long name beside`), // shortened to names of equal length
        rows: Array.from({ length: 12 }, (_, i) => `${i}. ${name(i)}`),
        notes: { curves: words[4]!, mistakes: words[0]! },
        figures: [[words[1]!, words[2]!]],
        sections: [words[3]!],
      });
    const plain = skeleton(await made(["a", "b", "c", "d", "e"], () => "name"));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 5, maxLength: 5 }), async (words) => {
        const result = await made(words, (i) => words[i % 5]!);
        expect(skeleton(result)).toEqual(plain);
        expect(all(read(result), "h1")[0]!.textContent).toBe(words[0]);
      }),
      { numRuns: 30 },
    );
  });
});

describe("images", () => {
  const pictures = async (options: Partial<ReportOptions>) => {
    const given = { title: "Images", labels: int32([1]), probabilities: tensor([[1, 0]]) };
    const found = all(read(await report(history, { ...given, ...options })), "img");
    return found.map((each) => ({
      each,
      ...decode(Uint8Array.from(atob(each.getAttribute("src").split(",")[1]!), (c) => c.charCodeAt(0))),
    }));
  };

  test("may be gray, colored or ink, of any dtype and strides, and are clamped", async () => {
    const [gray] = await pictures({ images: tensor([[[0, 0.5, 1], [-1, 2, Number.NaN]]]) }); // biome-ignore format: an image
    expect([gray!.width, gray!.height, gray!.channels, ...gray!.data]).toEqual([3, 2, 1, 0, 128, 255, 0, 255, 0]);
    const [bytes] = await pictures({ images: int32([[[0, 7], [255, 300]]]) }); // biome-ignore format: an image
    expect([...bytes!.data]).toEqual([0, 7, 255, 255]);
    const [ink] = await pictures({ images: tensor([[[0, 1]]]), ink: true });
    expect([ink!.channels, ...ink!.data]).toEqual([2, 0, 0, 0, 255]);
    expect(ink!.each.getAttribute("class")).toBe("ink");
    const upright = transpose(tensor([[[0, 0.2], [0.4, 0.6], [0.8, 1]]]), { axes: [0, 2, 1] }); // biome-ignore format: an image
    const [turned] = await pictures({ images: upright });
    expect([turned!.width, turned!.height, ...turned!.data]).toEqual([3, 2, 0, 102, 204, 51, 153, 255]);
    const color = reshape(tensor([0, 0.2, 0.4, 0.6, 0.8, 1], { dtype: "float32" }), { shape: [1, 3, 1, 2] }); // channels first
    const [rgb] = await pictures({ images: transpose(color, { axes: [0, 2, 3, 1] }) });
    expect([rgb!.width, rgb!.channels, ...rgb!.data]).toEqual([2, 3, 0, 102, 204, 51, 153, 255]);
  });

  test("of weights are blue above zero and orange below, with opacity on one common scale", async () => {
    const weights = mul(tensor([[[0, 1, -2]], [[2, 2, 2]]]), 10);
    const [first, second] = await pictures({ weights });
    const pixels = (image: { data: ArrayLike<number> }) =>
      [0, 4, 8].map((at) => Array.from(image.data).slice(at, at + 4));
    const [zero, positive, negative] = pixels(first!);
    expect([zero![3], positive![3], negative![3]]).toEqual([0, 128, 255]);
    expect(positive![2]).toBeGreaterThan(positive![0]!);
    expect(negative![0]).toBeGreaterThan(negative![2]!);
    expect(pixels(second!)[0]![3]).toBe(255);
    expect((await pictures({ weights: mul(weights, 0) }))[0]!.data).toEqual(
      new Uint8Array(12).map((_, i) => [224, 106, 20, 0][i % 4]!),
    );
  });
});

describe("custom pages", () => {
  test("escape text inserted into html exactly once", async () => {
    const name = `<b title='"'>&`;
    const body = html`<p class="${name}">${name}${html`<i>${[name, html`<u>${1}</u>`]}</i>`}${undefined}${false}</p>`;
    const document = read(await page({ title: `</title>${name}`, body, style: "p { color: red } </style><script>" }));
    expect(document.title).toBe(`</title>${name}`);
    const p = document.querySelector("p")!;
    expect([p.textContent, p.getAttribute("class")]).toEqual([`${name}${name}1`, name]);
    expect(all(document, "b, script")).toEqual([]);
    expect(all(document, "i u")).toHaveLength(1);
  });

  test("accept only objects made by html as HTML", async () => {
    const forged = JSON.parse('{ "pieces": ["<script>"], "text": "<script>" }') as Content;
    expect(await page({ title: "", body: forged })).not.toMatch(/<script/);
  });

  test("have heads, tables, legends and plots", async () => {
    const body = [
      head({ title: "<1>", lead: "lead", command: "npm start", figures: [["98 %", "right"]] }),
      table([["a", "b"], [1, "<2>"]]), // biome-ignore format: a table
      colored("--blue", "training"),
      plot({ ariaLabel: "nothing & nowhere", marks: [] }),
    ];
    const document = read(await page({ title: "t", body }));
    expect(all(document, "h1, dd, dt, td, th, code").map(({ textContent }) => textContent)).toEqual(["<1>", "npm start", "right", "98 %", "a", "b", "1", "<2>"]); // biome-ignore format: a list
    expect(document.querySelector("svg")!.getAttribute("aria-label")).toBe("nothing & nowhere");
    expect(document.querySelector(".colored i")!.getAttribute("style")).toBe("background: var(--blue)");
  });
});

test("have these types", () => {
  expectTypeOf(report).toEqualTypeOf<
    (history: History | readonly History[], options: ReportOptions) => Promise<string>
  >();
  expectTypeOf<ReportOptions>().toMatchTypeOf<{ readonly title: string; readonly labels: Tensor }>();
  expectTypeOf<Pick<ReportOptions, "classes" | "images" | "weights">>().toEqualTypeOf<{
    readonly classes?: readonly string[] | undefined;
    readonly images?: Tensor | undefined;
    readonly weights?: Tensor | undefined;
  }>();
  expectTypeOf(html).returns.toEqualTypeOf<Html>();
  expectTypeOf<Html>().toExtend<Content>();
  // @ts-expect-error: an object is not Content
  void (() => page({ title: "", body: { pieces: [] } }));
});

describe("the calibration of a report", () => {
  const sectionOf = async (bins: Parameters<typeof binned>[0]) => {
    const document = read(await report(history, { title: "Bins", ...binned(bins) }));
    const sections = all(document, "section") as unknown as Document[];
    const section = sections.find((each) => each.querySelector("h2")?.textContent === "Calibration")!;
    return {
      verdict: section.querySelector("p")!.textContent.replaceAll(/\s+/g, " "),
      rows: all(section, "td").map(({ textContent }) => textContent),
      text: all(section, "p").map(({ textContent }) => textContent).join(" "), // biome-ignore format: one line
    };
  };

  test("names both the overconfident and the underconfident bins", async () => {
    const { verdict } = await sectionOf([[0.65, 200, 80], [0.75, 100, 50], [0.85, 400, 396]]); // biome-ignore format: a matrix
    expect(verdict).toContain(
      "The model is overconfident for predictions with a probability of 60 – 80 %, and underconfident for predictions with a probability of 80 – 90 %.",
    );
  });

  test("makes no claim from differences inside the intervals", async () => {
    const { verdict } = await sectionOf([[0.65, 40, 24], [0.85, 40, 35]]); // biome-ignore format: a matrix
    expect(verdict).toContain("The data show no difference");
  });

  test("merges bins until each has 20 rows, with Wilson intervals", async () => {
    const { rows, text } = await sectionOf([[0.55, 6, 0], [0.65, 30, 20], [0.75, 20, 20], [0.85, 6, 6]]); // biome-ignore format: a matrix
    expect(rows).toEqual([
      ...["50 – 70 %", "36", "63.33 %", "55.56 %", "39.6 – 70.5 %"],
      ...["70 – 90 %", "26", "77.31 %", "100.00 %", "87.1 – 100.0 %"],
    ]);
    expect(text).toContain("merged until each has 20 rows");
    expect((await sectionOf([[0.55, 6, 3]])).rows.slice(0, 2)).toEqual(["50 – 60 %", "6"]); // fewer rows in all
  });
});
