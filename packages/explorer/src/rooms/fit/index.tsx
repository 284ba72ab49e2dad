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
import { data, failure, keepFitting, openTape, report, reset, stepOnce, toggle } from "./fit.ts";
import { Landscape } from "./Landscape.tsx";
import { Mistakes } from "./Mistakes.tsx";
import { Network } from "./Network.tsx";
import { Source } from "./Source.tsx";
import { chooseSource, preset, source, sources } from "./settings.ts";
import { choosePreset, keepSources } from "./sources.ts";
import { Transport } from "./Transport.tsx";
import { Weights } from "./Weights.tsx";

const panes = [
  { name: "training", title: "Training" },
  { name: "settings", title: "Settings" },
  { name: "results", title: "Results" },
  { name: "network", title: "Network" },
  { name: "loss", title: "Loss" },
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
    { key: "t", does: "the tape of the next step", run: () => void openTape() },
  ]);
  const [of, now] = [data.value, report.value];
  const pane = shownPane(panes);
  const isOfPoints = source.value === "points";
  const isAlone = !of && source.value === "images"; // there are no built-in images; other data will follow
  return (
    <div class={isAlone ? "fit-room alone" : "fit-room"} data-pane={pane}>
      <div class="top">
        <h1>Fit</h1>
        <Panes panes={isOfPoints ? panes : panes.filter(({ name }) => name !== "network")} />
        <Choice label="Data" options={sources} value={source.value} onChoose={chooseSource} />
        {isOfPoints && <Presets />}
      </div>
      <div class="left">
        {isOfPoints ? <Board /> : <Source />}
        {isOfPoints && pane === undefined && <Network />}
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
          {isOfPoints && pane === "network" && <Network />}
          {(pane === undefined || pane === "loss") && <Landscape />}
          {now && <Confusion />}
          {now && !isOfPoints && <Mistakes />}
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
