import { put } from "../../page/address.ts";
import { short } from "../../parts/numbers.ts";
import { Slider } from "../../parts/Slider.tsx";
import { widthOf } from "./data/dataset.ts";
import { data } from "./fit.ts";
import { activations, limits, optimizers } from "./protocol.ts";
import { activation, batch, held, hidden, l2, optimizer, rate, seed, speed } from "./settings.ts";
import { whole } from "./words.ts";

/** The settings of the fit. */
export function Controls() {
  return (
    <section class="panel controls" aria-labelledby="controls-title">
      <header class="head">
        <h2 id="controls-title">Settings</h2>
        <ModelInWords />
      </header>
      <Slider
        label="Learning rate"
        value={Math.log10(rate.value)}
        min={-3}
        max={1.5}
        step={0.1}
        text={() => short(rate.value, 2)}
        onInput={(exponent) => put({ rate: `${Number((10 ** exponent).toPrecision(2))}` })}
      />
      <div class="fields">
        <Pick
          label="Hidden units"
          field="hidden"
          value={hidden.value}
          options={[0, 2, 4, 8, 16, 32, 64, 128]}
          text={(units) => (units === 0 ? "none" : `${units}`)}
        />
        <Pick
          label="Activation"
          field="activation"
          value={activation.value}
          options={activations}
          text={(name) => name}
          disabled={hidden.value === 0}
        />
        <Pick
          label="Optimizer"
          field="optimizer"
          value={optimizer.value}
          options={optimizers}
          text={(name) => optimizerTitles[name]}
        />
        <Pick
          label="Batch"
          field="batch"
          value={batch.value}
          options={[1, 8, 16, 32, 64, 128, 256, 0]}
          text={(rows) => (rows === 0 ? "all rows" : `${rows}`)}
        />
        <Pick
          label="Regularization λ"
          field="l2"
          value={l2.value}
          options={[0, 0.0001, 0.001, 0.01, 0.1, 1]}
          text={(lambda) => (lambda === 0 ? "none" : `${lambda}`)}
        />
        <Pick
          label="Held out"
          field="held"
          value={held.value}
          options={[0, 10, 20, 30, 50]}
          text={(share) => (share === 0 ? "nothing" : `${share} %`)}
        />
        <Pick
          label="Speed"
          field="speed"
          value={speed.value}
          options={[5, 60, 1000, 0]}
          text={(steps) => (steps === 0 ? "as fast as possible" : `${steps} steps/s`)}
        />
        <label>
          <span>Seed</span>
          <input
            class="button"
            type="number"
            min={0}
            max={limits.seed}
            step={1}
            value={seed.value}
            onChange={({ currentTarget }) => put({ seed: currentTarget.value }, { push: true })}
          />
        </label>
      </div>
    </section>
  );
}

const optimizerTitles = { sgd: "SGD", momentum: "momentum", adam: "Adam" } as const;

/** Shows the formula of the model and its number of parameters. */
function ModelInWords() {
  const of = data.value;
  if (!of) return null;
  const [inputs, units, classes] = [widthOf(of), hidden.value, of.classes.length];
  const count = units > 0 ? inputs * units + units + units * classes + classes : inputs * classes + classes;
  return (
    <p class="small soft">
      <span class="code">{units > 0 ? `softmax(${activation.value}(x W₁ + b₁) W₂ + b₂)` : "softmax(x W + b)"}</span>,{" "}
      {whole(count)} parameters
    </p>
  );
}

interface PickProps<T extends string | number> {
  readonly label: string;
  readonly field: string;
  readonly value: T;
  readonly options: readonly T[];
  readonly text: (value: T) => string;
  readonly disabled?: boolean;
}

/**
 * A drop-down list of common values for a setting. If the URL contains another value, the list includes this value,
 * too.
 */
function Pick<T extends string | number>({ label, field, value, options, text, disabled = false }: PickProps<T>) {
  const all = options.includes(value) ? options : [...options, value];
  return (
    <label>
      <span>{label}</span>
      <select
        class="button"
        disabled={disabled}
        title={disabled ? "Only a network with hidden units has an activation" : undefined}
        value={value}
        onChange={({ currentTarget }) => put({ [field]: currentTarget.value }, { push: true })}
      >
        {all.map((each) => (
          <option key={each} value={each}>
            {text(each)}
          </option>
        ))}
      </select>
    </label>
  );
}
