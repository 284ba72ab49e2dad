import "./fit.css";
import { useEffect } from "preact/hooks";
import { useKeys } from "../../page/keys.ts";
import { Panes, shownPane } from "../../page/Panes.tsx";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import { Ask } from "./Ask.tsx";
import { keepAsking } from "./asked.ts";
import { Board } from "./Board.tsx";
import { Choice } from "./Choice.tsx";
import { Confusion } from "./Confusion.tsx";
import { Controls } from "./Controls.tsx";
import { Curves } from "./Curves.tsx";
import { isOfImages } from "./data/dataset.ts";
import { type Preset, presets } from "./data/points.ts";
import { data, failure, keepFitting, report, reset, stepOnce, toggle } from "./fit.ts";
import { Mistakes } from "./Mistakes.tsx";
import { Source } from "./Source.tsx";
import { chooseSource, preset, source, sources } from "./settings.ts";
import { choosePreset, keepSources } from "./sources.ts";
import { Transport } from "./Transport.tsx";
import { Weights } from "./Weights.tsx";

const panes = [
  { name: "training", title: "Training" },
  { name: "settings", title: "Settings" },
  { name: "results", title: "Results" },
] as const;

export default function FitRoom() {
  useEffect(() => {
    const ends = [keepFitting(), keepSources(), keepAsking()];
    return () => {
      for (const end of ends.reverse()) end();
    };
  }, []);
  useKeys([
    { key: " ", does: "train, pause", run: toggle },
    { key: "s", does: "one step", run: stepOnce },
    { key: "r", does: "reset", run: reset },
  ]);
  const [of, now] = [data.value, report.value];
  const isAlone = !of && source.value === "images"; // there are no built-in images; other data will follow
  return (
    <div class={isAlone ? "fit-room alone" : "fit-room"} data-pane={shownPane(panes)}>
      <div class="top">
        <h1>Fit</h1>
        <Panes panes={panes} />
        <Choice label="Data" options={sources} value={source.value} onChoose={chooseSource} />
        {source.value === "points" && <Presets />}
      </div>
      <div class="left">
        {source.value === "points" ? <Board /> : <Source />}
        {of && isOfImages(of) && <Ask of={of} />}
        <Weights />
      </div>
      {!isAlone && (
        <div class="right">
          <Transport />
          {now?.diverged && (
            <ErrorBox
              name="Diverged"
              message={`Training stopped: ${now.diverged}\nEach step overshoots more than the one before. Choose a smaller learning rate, then Reset.`}
            />
          )}
          {failure.value && <ErrorBox name="WorkerError" message={failure.value} />}
          <Controls />
          <Curves />
          {now && <Confusion />}
          {now && source.value !== "points" && <Mistakes />}
        </div>
      )}
    </div>
  );
}

function Presets() {
  return (
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
  );
}
