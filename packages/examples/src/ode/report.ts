import * as Plot from "@observablehq/plot";
import { type Tensor, tensor } from "@wengert/core";
import { norm, sub } from "@wengert/ops";
import { colored, type Html, head, html, page, table } from "@wengert/report";
import { chart } from "../shared/plots.ts";
import { size, whole } from "../shared/table.ts";
import type { Forecast, Stage } from "./fit.ts";
import { type Comparison, segmentLength } from "./memory.ts";
import { fieldOf, type Network } from "./network.ts";
import { type Data, damping, pendulum, timeOf, trainingTimes } from "./pendulum.ts";

/** The contents of the report. */
interface Story {
  readonly command: string;
  readonly noise: number;
  readonly data: Data;
  readonly stages: readonly Stage[];
  readonly forecast: Forecast;
  readonly comparisons: readonly Comparison[];
}

const end = timeOf(trainingTimes.count);
const title = "A neural differential equation";

export function report(story: Story): Promise<string> {
  return page({ title, body: [top(story), trajectories(story), plane(story), memory(story)] });
}

function top({ command, noise, data, stages, forecast: { errors } }: Story): Html {
  const { network } = stages.at(-1)!.model;
  return head({
    title,
    lead: html`A network with ${network.b1.size} hidden values learns the motion of a pendulum with friction from
${whole(data.observed.size)} noisy numbers. Reverse mode differentiates the loss through a Runge–Kutta solver.`,
    command,
    figures: [
      [noise, "standard deviation of the noise"],
      [errors.within.toFixed(3), `error up to time ${end}`],
      [errors.beyond.toFixed(3), `error from time ${end} to ${2 * end}`],
      [errors.unseen.toFixed(3), "error from another start"],
      [whole(stages.reduce((sum, { evaluations }) => sum + evaluations, 0)), "gradients of L-BFGS"],
    ],
  });
}

function trajectories({ data, forecast: { fitted, unseen, errors } }: Story): Html {
  const shown = [0, 1, 2];
  const names = [...shown.map((i) => `trajectory ${i + 1}`), "another start"];
  const points = (states: Tensor, i: number, name: string) =>
    anglesOf(states, i).map((angle, k) => ({ name, time: timeOf(k), angle }));
  const rows = (ofFit: Tensor, ofOther: Tensor) => [
    ...shown.flatMap((i) => points(ofFit, i, names[i]!)),
    ...points(ofOther, 0, names.at(-1)!),
  ];
  const channels = { x: "time", y: "angle", fy: "name" } as const;
  const plot = chart({
    ariaLabel: "angle over time for four trajectories: truth, observations and solution of the fitted network",
    width: 700,
    height: 460,
    marginRight: 92,
    x: { label: "time" },
    y: { label: "angle θ", grid: true, ticks: 4 },
    fy: { domain: names, label: null },
    marks: [
      Plot.ruleX([end], { stroke: "var(--muted)", strokeDasharray: "4 3" }),
      Plot.lineY(rows(data.truth, data.unseen), {
        ...channels,
        stroke: "var(--muted)",
        strokeOpacity: 0.35,
        strokeWidth: 5,
      }),
      Plot.dot(
        shown.flatMap((i) => points(data.observed, i, names[i]!)),
        { ...channels, fill: "var(--orange)", r: 2 },
      ),
      Plot.lineY(rows(fitted, unseen), { ...channels, stroke: "var(--blue)", strokeWidth: 1.75 }),
    ],
  });
  return html`<section>
<h2>Trajectories</h2>
<p>The ${colored("--orange", "observations")} end at the dashed line. The fit receives angles and velocities of six trajectories up
to that time. The ${colored("--blue", "solution of the network")} continues to time ${2 * end}, over the true motion (gray). The last
trajectory begins at a start that the fit has not seen.</p>
<figure>${plot}<figcaption>The errors at the top of the page are root mean squares of solution minus true motion, over angles and
velocities. From time ${end} to ${2 * end} the true motion itself has the root mean square ${errors.scale.toFixed(2)}.</figcaption></figure>
</section>`;
}

const anglesOf = (states: Tensor, i: number): number[] => states.toNested<number[][][]>().map((rows) => rows[i]![0]!);

function plane({ data, stages }: Story): Html {
  const { network } = stages.at(-1)!.model;
  const [angles, velocities] = [3.2, 2.4];
  const cells = { columns: 96, rows: 64, angles, velocities };
  const grid = (most: number, steps: number) =>
    Array.from({ length: 2 * steps + 1 }, (_, i) => (most * (i - steps)) / (steps + 0.5));
  const spots = grid(angles, 7).flatMap((angle) => grid(velocities, 5).map((velocity) => [angle, velocity]));
  const length = 0.18; // the time that an arrow spans
  const arrows = (field: (z: Tensor) => Tensor) =>
    field(tensor(spots))
      .toNested<number[][]>()
      .map((change, i) => ({ from: spots[i]!, to: spots[i]!.map((value, k) => value + length * change[k]!) }));
  const style = {
    x1: ({ from }: Arrow) => from[0],
    y1: ({ from }: Arrow) => from[1],
    x2: ({ to }: Arrow) => to[0],
    y2: ({ to }: Arrow) => to[1],
  };
  const plot = chart({
    ariaLabel: "arrows of the true and the learned field over angle and velocity, with the size of the difference",
    width: 700,
    height: 470,
    x: { label: "angle θ", domain: [-angles, angles] },
    y: { label: "velocity ω", domain: [-velocities, velocities], ticks: 6 },
    marks: [
      Plot.contour(differences(network, cells), {
        width: cells.columns,
        height: cells.rows,
        x1: -angles,
        x2: angles,
        y1: -velocities,
        y2: velocities,
        thresholds: [0.1, 0.2, 0.4, 0.8],
        fill: "var(--orange)",
        fillOpacity: 0.13,
        stroke: "none",
      }),
      Plot.dot(data.observed.toNested<number[][][]>().flat(), {
        fill: "var(--ink)",
        fillOpacity: 0.45,
        r: 1.5,
        clip: true,
      }),
      Plot.arrow(arrows(pendulum), {
        ...style,
        stroke: "var(--muted)",
        strokeOpacity: 0.45,
        strokeWidth: 4,
        headLength: 6,
        clip: true,
      }),
      Plot.arrow(arrows(fieldOf(network)), {
        ...style,
        stroke: "var(--blue)",
        strokeWidth: 1.5,
        headLength: 7,
        clip: true,
      }),
    ],
  });
  return html`<section>
<h2>The vector field</h2>
<p>Each arrow is the change of a state, dθ/dt and dω/dt: by ${colored("--blue", "the network")}, over the true change (gray). The
tone of ${colored("--orange", "orange")} grows where the two differ by more than 0.1, 0.2, 0.4 and 0.8. The field is learned where
the observations are (dots). Elsewhere the network extrapolates, and is wrong.</p>
<figure>${plot}<figcaption>The true field is dθ/dt = ω, dω/dt = −sin θ − ${damping} ω. The network has no knowledge of these
formulas.</figcaption></figure>
</section>`;
}

interface Arrow {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * Returns, for the center of each cell of a grid, row by row, the norm of the difference between the learned and the
 * true derivative dz/dt.
 */
function differences(network: Network, { columns, rows, angles, velocities }: Cells): number[] {
  const center = (most: number, i: number, count: number) => most * ((2 * i + 1) / count - 1);
  const states = Array.from({ length: rows * columns }, (_, i) => [
    center(angles, i % columns, columns),
    center(velocities, Math.floor(i / columns), rows),
  ]);
  const [learned, exact] = [fieldOf(network), pendulum].map((field) => field(tensor(states)));
  return norm(sub(learned!, exact!), { axis: 1 }).toNested<number[]>();
}

interface Cells {
  readonly columns: number;
  readonly rows: number;
  /** The extent of the grid: angles from −`angles` to `angles`, and velocities from −`velocities` to `velocities`. */
  readonly angles: number;
  readonly velocities: number;
}

function memory({ comparisons }: Story): Html {
  const kilobytes = (bytes: number) => `${whole(Math.round(bytes / 1000))} kB`;
  const last = comparisons.at(-1)!;
  return html`<section>
<h2>Memory against time</h2>
<p>A plain tape keeps every value of all T Runge–Kutta steps. With <code>checkpoint</code> on segments of √T steps, the tape
keeps the state before each segment, and the sweep runs the segments again, one at a time. At T = ${whole(last.steps)} this takes
${(last.plain.bytes / last.checkpointed.bytes).toFixed(0)} times less memory, and
${(last.checkpointed.milliseconds / last.plain.milliseconds).toFixed(1)} times as long.</p>
<figure>${table([
    [
      "T",
      "segment",
      "list, plain",
      "list, checkpoint",
      "tape, plain",
      "tape, checkpoint",
      "time, plain",
      "time, checkpoint",
      "same bits",
    ],
    ...comparisons.map(({ steps, plain, checkpointed, equal }) => [
      whole(steps),
      segmentLength(steps),
      whole(plain.list),
      whole(checkpointed.list),
      kilobytes(plain.bytes),
      kilobytes(checkpointed.bytes),
      `${whole(Math.round(plain.milliseconds))} ms`,
      `${whole(Math.round(checkpointed.milliseconds))} ms`,
      equal ? "yes" : "no",
    ]),
  ])}
<figcaption>One gradient of the mean square of the last state by all weights and starts. With checkpoints, list and tape
include the segment that runs again. Times are medians of five. Both ways add the cotangents within a segment first; in another
order, the sums differ by rounding errors of ${size(last.reordered)}.</figcaption></figure>
</section>`;
}
