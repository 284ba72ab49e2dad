/**
 * Draws the growth of time and memory as SVG plots for light and dark pages. `node plots.mjs` redraws the newest results.
 */
import { fileURLToPath } from "node:url";
import { newestResults, writeWhole } from "./results.mjs";

/** @typedef {import("./growth.mjs").Growth} Growth */

const folder = fileURLToPath(new URL("../../docs/", import.meta.url));
// The colors of the plots. Color-blind readers can distinguish these colors, on white and on black.
const colors = {
  Wengert: "#d9731a",
  "Wengert float64": "#b98a00",
  "plain loops": "#7f8c99",
  "tfjs wasm": "#1f9e77",
  PyTorch: "#5b8def",
};
const style = "svg{color:#333}text{font-family:system-ui,sans-serif}@media(prefers-color-scheme:dark){svg{color:#ccc}}";

/** @param {readonly Growth[]} growth @param {Record<string, string>} titles of the peers */
export async function drawPlots(growth, titles) {
  const names = ["@observablehq/plot", "linkedom"]; // variables, because the type check runs without them installed
  const [Plot, { parseHTML }] = await Promise.all(names.map((name) => import(name)));
  const { document } = parseHTML("<html></html>");
  const look = {
    document,
    width: 560,
    height: 340,
    marginLeft: 64,
    marginRight: 120,
    marginTop: 36,
    marginBottom: 44,
    grid: true,
    style: { background: "none", fontSize: "12px" },
  };
  const decades = (/** @type {number} */ value) => (value < 1 ? String(value) : value.toLocaleString("en"));

  for (const { name, title, along, unit, points } of growth) {
    const dots = points.flatMap(({ size, nanoseconds }) =>
      Object.entries(nanoseconds).map(([peer, time]) => ({ size, time, peer: titles[peer] ?? peer })),
    );
    const labels = spread(dots.filter(({ peer }, i) => dots.findLastIndex((dot) => dot.peer === peer) === i));
    const plot = Plot.plot({
      ...look,
      x: { type: "log", label: `${along} →`, tickFormat: "~s", ticks: points.map(({ size }) => size) },
      y: { type: "log", label: `↑ ns for each ${unit}: ${title}`, tickFormat: decades },
      color: { domain: Object.keys(colors), range: Object.values(colors) },
      marks: [
        Plot.line(dots, { x: "size", y: "time", stroke: "peer", strokeWidth: 2 }),
        Plot.dot(dots, { x: "size", y: "time", fill: "peer", r: 3 }),
        ...labels.map(({ dy, ...dot }) =>
          Plot.text([dot], { x: "size", y: "time", fill: "peer", text: "peer", dx: 8, dy, textAnchor: "start" }),
        ),
      ],
    });
    write(`performance-${name}.svg`, plot, `${title}: nanoseconds for each ${unit}`);
  }

  const short = (/** @type {number} */ n) => new Intl.NumberFormat("en", { notation: "compact" }).format(n);
  const seen = 1e5; // bytes; smaller amounts are imprecise, because the system counts pages of 4 kB
  const memory = growth.flatMap(({ title, along, memory }) =>
    memory
      .filter(({ measured }) => measured > seen)
      .map((point) => ({
        ...point,
        title,
        label: along === "K" ? `K ${short(point.size)}` : `${short(point.size)} ${along}`,
      })),
  );
  if (memory.length === 0) return;
  const all = memory.flatMap(({ predicted, measured }) => [predicted, measured]).map((bytes) => bytes / 1e6);
  const ends = [Math.min(...all), Math.max(...all)];
  const plot = Plot.plot({
    ...look,
    height: 380,
    x: { type: "log", label: "MB predicted by cost →", tickFormat: decades },
    y: { type: "log", label: "↑ peak memory in MB", tickFormat: decades },
    color: { domain: growth.map(({ title }) => title), range: ["#d9731a", "#1f9e77", "#5b8def"] },
    marks: [
      Plot.line(
        ends.map((end) => [end, end]),
        { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "4 4" },
      ),
      Plot.line(memory, {
        x: (/** @type {any} */ d) => d.predicted / 1e6,
        y: (/** @type {any} */ d) => d.measured / 1e6,
        stroke: "title",
        strokeWidth: 2,
      }),
      Plot.dot(memory, {
        x: (/** @type {any} */ d) => d.predicted / 1e6,
        y: (/** @type {any} */ d) => d.measured / 1e6,
        fill: "title",
        r: 3,
      }),
      Plot.text(memory, {
        x: (/** @type {any} */ d) => d.predicted / 1e6,
        y: (/** @type {any} */ d) => d.measured / 1e6,
        text: "label",
        fill: "title",
        dx: 8,
        textAnchor: "start",
      }),
    ],
  });
  write("performance-memory.svg", plot, "Peak memory against the prediction of cost");
}

/**
 * Places a label at the end of each line, and moves overlapping labels down.
 * @template {{ size: number, time: number }} D @param {readonly D[]} dots @returns {(D & { dy: number })[]}
 */
function spread(dots) {
  const height = 300; // pixels, the approximate height of the plot
  const times = dots.map(({ time }) => Math.log10(time));
  const scale = height / Math.max(1, Math.max(...times) - Math.min(...times) + 0.3);
  /** @type {Map<number, number>} */
  const lowest = new Map();
  return dots
    .toSorted((a, b) => b.time - a.time)
    .map((dot) => {
      const at = -scale * Math.log10(dot.time);
      const place = Math.max(at, (lowest.get(dot.size) ?? -Infinity) + 14);
      lowest.set(dot.size, place);
      return { ...dot, dy: place - at };
    });
}

/** @param {string} name @param {any} svg @param {string} title */
function write(name, svg, title) {
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const text = svg.outerHTML.replace(">", `><title>${title}</title><style>${style}</style>`);
  writeWhole(folder + name, `${text}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { growth, titles } = newestResults() ?? {};
  if (growth && titles) await drawPlots(growth, titles);
}
