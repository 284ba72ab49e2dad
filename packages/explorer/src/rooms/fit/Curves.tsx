import type { PlotOptions } from "@observablehq/plot";
import { useMemo } from "preact/hooks";
import { type Marks, Plot } from "../../parts/Plot.tsx";
import { data, slowHistory } from "./fit.ts";
import type { Score } from "./protocol.ts";

/** Shows the learning curves: loss and accuracy at each step. */
export function Curves() {
  return (
    <section class="panel curves" aria-labelledby="curves-title" data-figure="Learning curves">
      <header class="head">
        <h2 id="curves-title">Learning curves</h2>
        <p class="small soft">
          <span>
            <span class="key training" aria-hidden="true" />
            training
          </span>
          <span>
            <span class="key held-out" aria-hidden="true" />
            held out
          </span>
        </p>
      </header>
      <div class="pair">
        <Curve name="Loss (cross-entropy)" of="loss" />
        <Curve name="Accuracy" of="accuracy" />
      </div>
    </section>
  );
}

function Curve({ name, of }: { name: string; of: keyof Score }) {
  const all = slowHistory.value;
  const chance = Math.log(data.value?.classes.length ?? 2); // the loss of uniform probabilities
  const options = useMemo(
    () =>
      (plot: Marks): PlotOptions => {
        const held = all.flatMap(({ step, held: score }) => (score ? [{ step, y: score[of] }] : []));
        const training = all.map(({ step, train }) => ({ step, y: train[of] }));
        const most = Math.max(0.1, ...[...held, ...training].map(({ y }) => y).filter(Number.isFinite));
        return {
          height: 170,
          marginLeft: 46,
          marginRight: 22,
          marginTop: 12,
          marginBottom: 36,
          x: {
            label: "step",
            ticks: 4,
            domain: [0, Math.max(10, all.at(-1)?.step ?? 0)],
            labelArrow: "none",
            labelAnchor: "center",
          },
          y: {
            label: null,
            grid: true,
            clamp: true, // a diverging curve leaves the plot; the other curves stay readable
            ticks: 4,
            domain: of === "accuracy" ? [0, 1] : [0, Math.min(most, 3 * chance)],
            ...(of === "accuracy" ? { tickFormat: "%" } : {}),
          },
          marks: [
            plot.lineY(training, { x: "step", y: "y", stroke: "var(--forward)", strokeWidth: 1.75 }),
            plot.lineY(held, {
              x: "step",
              y: "y",
              stroke: "var(--backward)",
              strokeWidth: 1.75,
              strokeDasharray: "5 3",
            }),
          ],
        };
      },
    [all, of, chance],
  );
  const last = all.at(-1);
  const words = last
    ? `${name} from step 0 to ${last.step}: now ${last.train[of].toPrecision(3)} on the training rows${last.held ? `, ${last.held[of].toPrecision(3)} on the held-out rows` : ""}`
    : name;
  return (
    <figure>
      <figcaption class="small">{name}</figcaption>
      <Plot label={words} options={options} />
    </figure>
  );
}
