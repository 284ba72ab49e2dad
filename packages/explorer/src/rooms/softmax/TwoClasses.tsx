import { computed } from "@preact/signals";
import { grad, type Tensor, tensor } from "@wengert/core";
import { binaryCrossEntropy, crossEntropy, mul, sigmoid, sub, sum } from "@wengert/ops";
import { useMemo } from "preact/hooks";
import { address, put } from "../../page/address.ts";
import { Formula } from "../../parts/Formula.tsx";
import { short } from "../../parts/numbers.ts";
import { Paragraph } from "../../parts/Sub.tsx";
import { Lines } from "./Lines.tsx";
import { dtype, list, logits, matrix, s, setLogit, temperature, z } from "./state.ts";
import { Track } from "./Track.tsx";
import { Try } from "./Try.tsx";
import { roundTicks } from "./ticks.ts";
import { factor, tex, writeAll } from "./written.ts";

const reach = 8;
const grid = Array.from({ length: 161 }, (_, k) => -reach + k / 10);

/**
 * Explains that softmax with two classes equals the sigmoid of the difference of the logits, and that one of the two
 * weights is redundant.
 */
export function TwoClasses() {
  if (logits.value.length !== 2)
    return (
      <>
        <p>
          With two classes softmax is the sigmoid of one number, the difference of the logits. Now there are{" "}
          {logits.value.length}.
        </p>
        <p>
          <button
            type="button"
            class="button"
            onClick={() => {
              const two = logits.peek().slice(0, 2);
              put({ x: writeAll(two), mask: undefined, cell: undefined }, { push: true });
            }}
          >
            Keep the first two classes
          </button>
        </p>
      </>
    );
  const [z0, z1] = list(z.value) as [number, number];
  const d = sub(tensor(z1), tensor(z0)).item();
  const t = temperature.value;
  const s1 = list(s.value)[1]!;
  const slope = grad((y: Tensor) => sigmoid(y))(tensor(d, { dtype: dtype.value })).item();
  const over = t === 1 ? "" : " / T";
  return (
    <>
      <Paragraph>
        Divide numerator and denominator by e<sup>x₁</sup>. Only the difference d ={" "}
        {t === 1 ? "x₁ − x₀" : "(x₁ − x₀) / T"} of the two logits remains: s₁ is the sigmoid of d. The slope of the
        curve is the whole Jacobian.
      </Paragraph>
      <Formula
        block
        tex={`s_1 = \\frac{e^{${t === 1 ? "x_1" : "x_1 / T"}}}{e^{${t === 1 ? "x_0" : "x_0 / T"}} + e^{${t === 1 ? "x_1" : "x_1 / T"}}} = \\frac{1}{1 + e^{-d}} = \\sigma(d)`}
      />
      <Formula block tex={`\\sigma(${tex(d)}) = ${tex(s1)}`} />
      <div class="two">
        <Curve
          d={d}
          s1={s1}
          slope={slope}
          onInput={(to) => setLogit(1, Number((logits.peek()[0]! + to * t).toPrecision(12)))}
        />
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">
                <span class="unseen">quantity</span>
              </th>
              <th scope="col">softmax</th>
              <th scope="col">sigmoid</th>
            </tr>
          </thead>
          <tbody>
            <Both name="s₁" a={s1} b={sigmoid(tensor(d, { dtype: dtype.value })).item()} of="σ(d)" />
            <Both name="s₀" a={list(s.value)[0]!} b={sigmoid(tensor(-d, { dtype: dtype.value })).item()} of="σ(−d)" />
            <Both name={`∂s₁/∂x₁`} a={matrix.value.toNested<number[][]>()[1]![1]!} b={slope / t} of={`σ′(d)${over}`} />
            <Both
              name={`∂s₁/∂x₀`}
              a={matrix.value.toNested<number[][]>()[1]![0]!}
              b={-slope / t}
              of={`−σ′(d)${over}`}
            />
          </tbody>
        </table>
      </div>
      <Formula
        block
        tex={`\\sigma'(d) = \\sigma(d)\\,\\sigma(-d) = ${tex(s1)} \\cdot ${tex(list(s.value)[0]!)} = ${tex(slope)}`}
      />
      <Weights />
      <Try question="Which property of the two weights do the probabilities not determine?" fields={{ x: "3 4.5" }}>
        Their sum: 3 and 4.5 give the same s as 0 and 1.5, because s depends only on w₁ − w₀. For any K, softmax has one
        weight more than it needs. Gradient descent never changes the sum, because the cotangents x̄ sum to 0.
      </Try>
    </>
  );
}

function Both({ name, a, b, of }: { name: string; a: number; b: number; of: string }) {
  return (
    <tr>
      <th scope="row">
        {name} = {of}
      </th>
      <td>{short(a, 6)}</td>
      <td>{short(b, 6)}</td>
    </tr>
  );
}

const [width, height] = [320, 180];
const across = (d: number): number => ((d + reach) / (2 * reach)) * width;
const up = (p: number): number => height - 10 - p * (height - 20);

/**
 * Draws the sigmoid σ, the point at d (the difference of the logits), and the tangent at this point. The user drags the
 * point along the track below the plot.
 */
function Curve({ d, s1, slope, onInput }: { d: number; s1: number; slope: number; onInput: (to: number) => void }) {
  const curve = useMemo(() => {
    const values = list(sigmoid(tensor(grid)));
    return grid.map((x, i) => `${across(x).toFixed(1)},${up(values[i]!).toFixed(1)}`).join(" ");
  }, []);
  const seen = Math.abs(d) <= reach;
  const half = Math.min(2.2, (1.04 - s1) / slope, (s1 + 0.04) / slope);
  return (
    <figure class="curve">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`The sigmoid, at d = ${short(d)} the value ${short(s1)} with the slope ${short(slope)}`}
      >
        <path class="axis" d={`M0 ${up(0)}H${width}M0 ${up(1)}H${width}M${across(0)} ${up(0)}V${up(1)}`} />
        <text x="4" y={up(1) + 14}>
          1
        </text>
        <text x="4" y={up(0) - 5}>
          0
        </text>
        {seen && (
          <>
            <path class="guide" d={`M${across(d)} ${up(0)}V${up(s1)}H0`} />
            <path
              class="tangent"
              d={`M${across(d - half)} ${up(s1 - half * slope)}L${across(d + half)} ${up(s1 + half * slope)}`}
            />
          </>
        )}
        <polyline class="sigmoid" points={curve} />
        {seen && <circle cx={across(d)} cy={up(s1)} r="6" />}
      </svg>
      <Track label="d, the difference of the logits" value={d} limit={reach} phase="forward" onInput={onInput} />
      <figcaption class="small soft numbers">
        d = {short(d)} from −{reach} to {reach}; the line through the point has the slope σ′(d)
      </figcaption>
    </figure>
  );
}

const label = computed(() => (address.value.fields.label === "0" ? 0 : 1));
const rate = 1;
const steps = 20;

/**
 * Runs gradient descent on one row with one feature, which is 1. Compares the weight difference w₁ − w₀ of softmax
 * regression with the single weight w of logistic regression.
 */
function descent(start: readonly [number, number], wanted: 0 | 1) {
  let pair = tensor(start);
  let [one, twice] = [sub(tensor(start[1]), start[0]), sub(tensor(start[1]), start[0])];
  const index = tensor(wanted, { dtype: "int32" });
  const ofPair = grad((w: Tensor) => crossEntropy(w, index));
  const ofOne = grad((w: Tensor) => binaryCrossEntropy(w, wanted));
  const difference = tensor([-1, 1]);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const moment = {
      step,
      pair: sum(mul(pair, difference)).item(),
      one: one.item(),
      twice: twice.item(),
      weights: list(pair),
    };
    pair = sub(pair, mul(rate, ofPair(pair)));
    one = sub(one, mul(rate, ofOne(one)));
    twice = sub(twice, mul(2 * rate, ofOne(twice)));
    return moment;
  });
}

function Weights() {
  const [w0, w1] = logits.value as readonly [number, number];
  const wanted = label.value;
  const moments = useMemo(() => (Number.isFinite(w1 - w0) ? descent([w0, w1], wanted) : []), [w0, w1, wanted]);
  const along = (of: "one" | "pair" | "twice") => moments.map((each) => [each.step, each[of]] as const);
  const heights = moments.flatMap(({ one, pair }) => [one, pair]);
  const least = Math.min(...heights);
  const most = Math.max(...heights, least + 1e-3 * Math.max(1, Math.abs(least))); // the range must not be empty, even if the weights do not move, as for x = 0, 1000
  const [before, after] = [moments[0], moments[1]];
  return (
    <section class="weights" aria-label="w₁ − w₀">
      <h3>w₁ − w₀</h3>
      <Paragraph>
        Let the logits be weights times a data row. With one feature equal to 1, xₖ = wₖ, so the bars on the left are
        the weights. A step of gradient descent with the rate η = 1, for the right class{" "}
        <span class="choice">
          {([0, 1] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-label={`The right class is ${each}`}
              aria-pressed={wanted === each}
              onClick={() => put({ label: each === 1 ? undefined : "0" }, { push: true })}
            >
              {each}
            </button>
          ))}
        </span>
        , moves w₁ and w₀ by equal amounts in opposite directions. So their difference moves twice as far as the single
        weight w of a sigmoid.
      </Paragraph>
      {before && after && (
        <>
          <Formula
            block
            tex={`\\begin{aligned} w_1 - w_0 &= ${tex(before.pair)} \\to ${tex(after.weights[1]!)} - ${factor(after.weights[0]!)} = ${tex(after.pair)} \\\\ w &= ${tex(before.one)} \\to ${tex(after.one)} \\end{aligned}`}
          />
          <Lines
            label={`Over ${steps} steps w₁ − w₀ goes from ${short(before.pair)} to ${short(moments.at(-1)!.pair)}; one weight w with the same rate to ${short(moments.at(-1)!.one)}, with twice the rate to ${short(moments.at(-1)!.twice)}`}
            height={220}
            x={{ label: "step", range: [0, steps], ticks: roundTicks(0, steps, 5) }}
            y={{ label: "w₁ − w₀, and w", range: [least, most], ticks: roundTicks(least, most, 5) }}
            lines={[
              { points: along("one"), color: "var(--ink-soft)", dash: "5 3", name: "w with the same η" },
              { points: along("pair"), color: "var(--forward)", name: "w₁ − w₀, and w with 2η" },
              { points: along("twice"), color: "var(--ink)", isDots: true },
            ]}
          />
          <p class="small soft">
            Line: w₁ − w₀ of softmax. Dashed: w of a sigmoid with the same rate. Dots: w with twice the rate, on the
            line.
          </p>
        </>
      )}
    </section>
  );
}
