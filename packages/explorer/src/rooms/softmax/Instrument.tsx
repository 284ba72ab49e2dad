import { useSignal } from "@preact/signals";
import { put } from "../../page/address.ts";
import { aligned, short } from "../../parts/numbers.ts";
import { Select } from "../../parts/Select.tsx";
import { Slider } from "../../parts/Slider.tsx";
import { Sub } from "../../parts/Sub.tsx";
import { NumberField } from "./NumberField.tsx";
import { choose, chosen, presets } from "./presets.ts";
import {
  cell,
  classes,
  dtype,
  fewest,
  list,
  logits,
  most,
  resize,
  s,
  setLogit,
  setTemperature,
  take,
  taking,
  temperature,
} from "./state.ts";
import { limitOf, Track } from "./Track.tsx";
import { indexed } from "./written.ts";

/** The controls of the Softmax page: sliders for the logits, and bars of the softmax probabilities. */
export function Instrument({ pointsAtCell }: { pointsAtCell: boolean }) {
  const xs = logits.value;
  const held = useSignal<number | undefined>(undefined);
  const limit = held.value ?? limitOf(xs, 5);
  const shares = list(s.value);
  const words = aligned(shares);
  const [i, j] = cell.value;
  return (
    <section class="panel instrument" aria-label="Logits" data-figure="The logits">
      <header>
        <Select
          label="Preset"
          value={chosen(xs)?.name ?? ""}
          onChoose={(wanted) => choose(presets.find(({ name }) => name === wanted)!)}
        >
          {!chosen(xs) && <option value="">Your own</option>}
          {presets.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </Select>
        <fieldset class="choice stepper">
          <legend class="unseen">Number of classes</legend>
          <button
            type="button"
            aria-label="One class fewer"
            disabled={xs.length === fewest}
            onClick={() => resize(xs.length - 1)}
          >
            −
          </button>
          <output class="numbers small" aria-live="polite">
            K = {classes}
          </output>
          <button
            type="button"
            aria-label="One class more"
            disabled={xs.length === most}
            onClick={() => resize(xs.length + 1)}
          >
            +
          </button>
        </fieldset>
      </header>
      <div class="classes">
        <div class="class-row heads small soft" aria-hidden="true">
          <span />
          <span>logit, ±{short(limit)}</span>
          <span />
          <span title="Whether the class is included (the option where of softmax)">in</span>
          <span class="forward-text">s = softmax(x{temperature.value === 1 ? "" : " / T"})</span>
        </div>
        {xs.map((x, k) => (
          <div
            key={k}
            class={`class-row${taking.value[k] ? "" : " out"}${pointsAtCell && (k === i || k === j) ? " pointed" : ""}`}
          >
            <span class="name code">
              <Sub of="x" i={k} />
            </span>
            <Track
              label={`logit ${indexed("x", k)}`}
              value={x}
              limit={limit}
              phase="forward"
              onInput={(to) => setLogit(k, to)}
              onHold={(now) => (held.value = now ? limit : undefined)}
            />
            <NumberField label={`logit ${indexed("x", k)}, as a number`} value={x} onInput={(to) => setLogit(k, to)} />
            <input
              type="checkbox"
              aria-label={`class ${k} takes part`}
              checked={taking.value[k]}
              onChange={({ currentTarget }) => take(k, currentTarget.checked)}
            />
            <span class="share">
              <span class="share-bar">
                <span style={{ width: `${100 * (shares[k] || 0)}%` }} />
              </span>
              <output class="code numbers" aria-label={indexed("s", k)}>
                {words[k]}
              </output>
            </span>
          </div>
        ))}
      </div>
      <footer>
        <Slider
          label="Temperature T"
          value={Math.log10(temperature.value)}
          min={-1}
          max={1}
          step={0.02}
          text={() => String(temperature.value)}
          onInput={(to) => setTemperature(Number((10 ** to).toPrecision(2)))}
        />
        <fieldset class="choice">
          <legend class="unseen">Arithmetic</legend>
          {(["float64", "float32"] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={dtype.value === each}
              onClick={() => put({ dtype: each === "float64" ? undefined : each }, { push: true })}
            >
              {each}
            </button>
          ))}
        </fieldset>
      </footer>
    </section>
  );
}
