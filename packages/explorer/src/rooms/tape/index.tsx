import "./tape.css";
import examples from "virtual:examples";
import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { put } from "../../page/address.ts";
import { useKeys } from "../../page/keys.ts";
import { Panes, shownPane } from "../../page/Panes.tsx";
import { expectFormulas } from "../../parts/Formula.tsx";
import { Select } from "../../parts/Select.tsx";
import { Graph } from "./Graph.tsx";
import { List } from "./List.tsx";
import { Look } from "./Look.tsx";
import { Program, startEditing } from "./Program.tsx";
import { Stage } from "./Stage.tsx";
import {
  at,
  choose,
  example,
  exampleCode,
  isRunning,
  isStale,
  keepRunning,
  look,
  lookAt,
  move,
  needsWholeLibrary,
  order,
  outcome,
  program,
  seedInput,
  shownPlace,
  showPlan,
  showsPlan,
  showsTangents,
  showTangents,
  timeline,
  toggleAnyBody,
} from "./state.ts";
import { Transport, togglePlay } from "./Transport.tsx";
import type { Timeline } from "./timeline.ts";

const panes = [
  { name: "step", title: "Step" },
  { name: "list", title: "List" },
  { name: "graph", title: "Graph" },
  { name: "program", title: "Program" },
] as const;
/** The panels of an embedded Tape page while it shows the plan of a function. */
const panesOfPlan = [{ name: "list", title: "List" }, { name: "memory", title: "Memory" }, ...panes.slice(2)] as const;

export default function TapeRoom() {
  useEffect(keepRunning, []);
  useEffect(() => {
    // If the page must load the large worker that contains the whole library, it does not load KaTeX in advance.
    if (!needsWholeLibrary()) expectFormulas();
  }, []);
  useKeys([
    { key: "ArrowRight", does: "one step forward", run: () => move(at.peek() + 1) },
    { key: "ArrowLeft", does: "one step back", run: () => move(at.peek() - 1) },
    { key: "Home", does: "to the start", run: () => move(0) },
    { key: "End", does: "to the end", run: () => move(Number.POSITIVE_INFINITY) },
    { key: "t", does: "tangents or cotangents", run: () => showTangents(!showsTangents.peek()) },
    { key: "c", does: "the list or its compiled plan", run: () => showPlan(!showsPlan.peek()) },
    { key: "s", does: "to the start of the sweep", run: () => move(timeline.peek()?.seed ?? 0) },
    { key: " ", does: "play, pause", run: togglePlay },
    { key: "n", does: "the next example", run: () => turn(1) },
    { key: "p", does: "the previous example", run: () => turn(-1) },
    { key: "e", does: "edit the program", run: startEditing },
    { key: "o", does: "open or close the body of a loop", run: toggleAnyBody },
    { key: "Escape", does: "close the open tensor", run: () => lookAt(undefined) },
  ]);
  const of = timeline.value;
  const shownPanes = showsPlan.value ? panesOfPlan : panes;
  return (
    <div class="tape-room" data-pane={shownPane(shownPanes)}>
      <div class="top">
        <h1>Tape</h1>
        <Panes panes={shownPanes} />
        <Choices />
      </div>
      <div class="left">
        <Program />
        {of && of.recording.steps.length > 0 && (
          <div class={isStale.value ? "panel graph-panel stale" : "panel graph-panel"}>
            <Graph of={of} />
          </div>
        )}
      </div>
      <div class={isStale.value ? "right stale" : "right"} aria-busy={isRunning.value}>
        {of && showsPlan.value ? (
          <Plan of={of} />
        ) : of ? (
          <>
            <div class="panel list-panel">
              <Transport of={of} />
              <List of={of} />
            </div>
            {look.value !== undefined && <Look of={of} tensor={look.value} />}
            <div class="panel">
              <Stage of={of} />
            </div>
          </>
        ) : (
          outcome.value && <Nothing failed={outcome.value.error !== undefined} />
        )}
      </div>
    </div>
  );
}

const turn = (by: number): void => {
  const place = examples.indexOf(example.peek()) + by;
  if (examples[place]) choose(examples[place].name);
};

/** Loads the view of the plan, then shows it. */
function Plan({ of }: { of: Timeline }) {
  const loaded = useSignal<{ readonly View: ComponentType<{ of: Timeline }> } | undefined>(undefined);
  useEffect(() => {
    import("./Compiled.tsx").then(
      ({ Compiled }) => {
        loaded.value = { View: Compiled };
      },
      () => {
        loaded.value = { View: () => <p class="wrong">The view could not be loaded. Reload the page.</p> };
      },
    );
  }, []);
  if (!loaded.value) return <p class="soft">Opening the plan …</p>;
  const { View } = loaded.value;
  return <View of={of} />;
}

const kinds = { example: "Examples", exercise: "Exercises", tour: "Tour" } as const;

function Choices() {
  const count = outcome.value?.recordings.length ?? 0;
  const isOwn = program.value !== exampleCode.value && example.value.kind !== "exercise"; // an edited exercise keeps its name
  return (
    <>
      <Select label="Example" value={isOwn ? "" : example.value.name} onChoose={choose}>
        {isOwn && <option value="">A program of your own</option>}
        {(["example", "exercise", "tour"] as const).map((wanted) => (
          <optgroup key={wanted} label={kinds[wanted]}>
            {examples
              .filter(({ kind }) => kind === wanted)
              .map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
          </optgroup>
        ))}
      </Select>
      <fieldset class="choice">
        <legend class="unseen">The tape of</legend>
        <span class="small soft" aria-hidden="true">
          tape of
        </span>
        {([1, 2] as const).map((wanted) => (
          <button
            key={wanted}
            type="button"
            aria-pressed={order.value === wanted}
            aria-label={wanted === 1 ? "f" : "∇f, its gradient"}
            title={
              wanted === 1
                ? "The tape of f"
                : "The tape of the gradient of f. It contains f and the sweep of f, and you can sweep it again."
            }
            onClick={() =>
              put({ order: wanted === 1 ? undefined : "2", at: undefined, look: undefined }, { push: true })
            }
          >
            <i>{wanted === 1 ? "f" : "∇f"}</i>
          </button>
        ))}
      </fieldset>
      <fieldset class="choice">
        <legend class="unseen">Derivatives</legend>
        {[false, true].map((shows) => (
          <button
            key={`${shows}`}
            type="button"
            aria-pressed={showsTangents.value === shows}
            title={
              shows
                ? "Forward mode: the tangent of each step, computed together with its value"
                : "Reverse mode: the sweep computes the cotangent of each step, from the last step to the first"
            }
            onClick={() => showTangents(shows)}
          >
            {shows ? "tangents" : "cotangents"}
          </button>
        ))}
      </fieldset>
      <fieldset class="choice">
        <legend class="unseen">View</legend>
        {[false, true].map((shows) => (
          <button
            key={`${shows}`}
            type="button"
            aria-pressed={showsPlan.value === shows}
            title={shows ? "The plan of the function: passes, instructions and memory" : "The steps, one at a time"}
            onClick={() => showPlan(shows)}
          >
            {shows ? "compiled" : "list"}
          </button>
        ))}
      </fieldset>
      {timeline.value?.isForwardMode && <SeedChoice of={timeline.value} />}
      {count > 1 && (
        <span class="small">
          <span aria-hidden="true">recording </span>
          <Select
            label="recording"
            value={shownPlace.value}
            onChoose={(wanted) => put({ of: wanted, at: undefined, look: undefined })}
          >
            {Array.from({ length: count }, (_, i) => (
              <option key={i} value={i}>
                {i + 1} of {count}
              </option>
            ))}
          </Select>
        </span>
      )}
    </>
  );
}

/** A menu that selects the input whose tangent is a tensor of ones. Shows nothing if only one input can be selected. */
function SeedChoice({ of }: { of: Timeline }) {
  const choices = of.seedable();
  if (choices.length < 2) return null;
  const { inputs, tangents } = of.recording;
  return (
    <span class="small">
      <span aria-hidden="true">ones for </span>
      <Select
        label="Input whose tangent is ones"
        value={tangents!.along}
        onChoose={(input) => seedInput(Number(input))}
      >
        {choices.map((i) => (
          <option key={i} value={i}>
            {of.name(inputs[i]!)}
          </option>
        ))}
      </Select>
    </span>
  );
}

function Nothing({ failed }: { failed: boolean }) {
  if (example.value.kind === "exercise" && !failed)
    return <p class="soft">Write your answer in the program. The result of the check is printed below it.</p>;
  return (
    <p class="soft">
      {failed ? "The program failed before it recorded a tape." : "The program recorded no tape. Call "}
      {!failed && <code>record(f, ...args)</code>}
    </p>
  );
}
