import "./fit.css";
import { useEffect } from "preact/hooks";
import { useKeys } from "../../house/keys.ts";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import { Board } from "./Board.tsx";
import { Controls } from "./Controls.tsx";
import { Curves } from "./Curves.tsx";
import { type Preset, presets } from "./data/points.ts";
import { failure, keepFitting, report, reset, stepOnce, toggle } from "./fit.ts";
import { choosePreset, keepPoints } from "./points.ts";
import { preset, source } from "./settings.ts";
import { Transport } from "./Transport.tsx";

export default function FitRoom() {
  useEffect(() => {
    const ends = [keepFitting(), keepPoints()];
    return () => {
      for (const end of ends.reverse()) end();
    };
  }, []);
  useKeys([
    { key: " ", does: "train, pause", run: toggle },
    { key: "s", does: "one step", run: stepOnce },
    { key: "r", does: "begin anew", run: reset },
  ]);
  const diverged = report.value?.diverged;
  return (
    <div class="fit-room">
      <div class="top">
        <h1>Fit</h1>
        <label>
          <span class="unseen">Points</span>
          <select
            class="button"
            value={preset.value}
            onChange={({ currentTarget }) => choosePreset(currentTarget.value as Preset)}
          >
            {presets.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="left">{source.value === "points" && <Board />}</div>
      <div class="right">
        <Transport />
        {diverged && (
          <ErrorBox
            name="Diverged"
            message={`Training stopped: ${diverged}\nThe steps overshoot, each further than the one before: choose a smaller learning rate, then Reset.`}
          />
        )}
        {failure.value && <ErrorBox name="WorkerError" message={failure.value} />}
        <Controls />
        <Curves />
      </div>
    </div>
  );
}
