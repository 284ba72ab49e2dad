import { short } from "../../parts/numbers.ts";
import { data, openTape, report, reset, stepOnce, toggle } from "./fit.ts";
import { Keep } from "./Keep.tsx";
import { percent, whole } from "./words.ts";

/** Shows the buttons Train, Pause, Step and Reset, and the progress of the fit. */
export function Transport() {
  const now = report.value;
  const running = now?.running ?? false;
  const off = (data.value?.labels.length ?? 0) === 0;
  return (
    <section class="panel transport" aria-label="Training">
      <div class="buttons">
        <button type="button" class="button play" disabled={off} onClick={toggle}>
          <Sign d={running ? "M4 3h2.5v10H4zM9.5 3H12v10H9.5z" : "M4 2.5 13 8l-9 5.5z"} />
          {running ? "Pause" : "Train"}
        </button>
        <button type="button" class="button" disabled={off || running} onClick={stepOnce}>
          <Sign d="M4 3v10M7 3l6 5-6 5z" />
          Step
        </button>
        <button type="button" class="button" disabled={off} onClick={reset}>
          <Sign d="M3.5 3v4h4M3.8 7a4.8 4.8 0 1 1-.4 3" line />
          Reset
        </button>
      </div>
      <dl class="standing numbers">
        <div>
          <dt>Step</dt>
          <dd title={now?.compiled ? "Each step runs from a compiled plan" : undefined} data-compiled={now?.compiled}>
            {now ? whole(now.step) : "–"}
          </dd>
        </div>
        <div>
          <dt>Epoch</dt>
          <dd>{now ? (now.epoch >= 100 ? whole(Math.floor(now.epoch)) : short(now.epoch, 3)) : "–"}</dd>
        </div>
        <Standing name="Training" of={now?.train} kind="training" />
        <Standing name="Held out" of={now?.held} kind="held-out" />
      </dl>
      <button
        type="button"
        class="button"
        disabled={off || running}
        title="Open the list of the next step, with its rows and parameters, on the Tape page"
        onClick={() => void openTape()}
      >
        Tape of this step
      </button>
      <Keep />
      <p class="unseen" aria-live="polite">
        {now && !running && now.step > 0
          ? `Stopped at step ${now.step}: loss ${short(now.train.loss, 3)}, accuracy ${percent(now.train.accuracy)}`
          : ""}
      </p>
    </section>
  );
}

interface StandingProps {
  readonly name: string;
  readonly of: { readonly loss: number; readonly accuracy: number } | undefined;
  readonly kind: string;
}

function Standing({ name, of, kind }: StandingProps) {
  return (
    <div>
      <dt>
        <span class={`key ${kind}`} aria-hidden="true" />
        {name}
      </dt>
      <dd>
        {of ? percent(of.accuracy) : "–"} <span class="soft loss">{of ? `loss ${of.loss.toPrecision(3)}` : ""}</span>
      </dd>
    </div>
  );
}

function Sign({ d, line = false }: { d: string; line?: boolean }) {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path
        d={d}
        fill={line ? "none" : "currentColor"}
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linejoin="round"
      />
    </svg>
  );
}
