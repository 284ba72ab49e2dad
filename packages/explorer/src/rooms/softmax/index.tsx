import "./softmax.css";
import { computed } from "@preact/signals";
import type { ComponentType } from "preact";
import { address, put } from "../../page/address.ts";
import { useKeys } from "../../page/keys.ts";
import { Panes, shownPane } from "../../page/Panes.tsx";
import { Formula } from "../../parts/Formula.tsx";
import { Digits } from "./Digits.tsx";
import { Explain } from "./Explain.tsx";
import { Instrument } from "./Instrument.tsx";
import { Probabilities } from "./Probabilities.tsx";
import { Pullback } from "./Pullback.tsx";
import { QuotientRule } from "./QuotientRule.tsx";
import { Shift } from "./Shift.tsx";
import { classes, resize } from "./state.ts";
import { TwoClasses } from "./TwoClasses.tsx";

interface Part {
  readonly name: string;
  readonly title: string;
  readonly view: ComponentType;
}

const parts: readonly [Part, ...Part[]] = [
  { name: "shares", title: "Shares", view: Probabilities },
  { name: "jacobian", title: "Jacobian", view: QuotientRule },
  { name: "pullback", title: "Pullback", view: Pullback },
  { name: "shift", title: "Shift", view: Shift },
  { name: "digits", title: "Digits", view: Digits },
  { name: "two", title: "Two classes", view: TwoClasses },
  { name: "explain", title: "Explain it", view: Explain },
];

const part = computed(() => parts.find(({ name }) => name === address.value.fields.part) ?? parts[0]);
const field = ({ name }: Part): string | undefined => (name === parts[0].name ? undefined : name);
const enter = (to: Part | undefined): void => {
  if (to) put({ part: field(to) }, { push: true });
};
const beside = (by: number): Part | undefined => parts[parts.indexOf(part.peek()) + by];

const panes = [
  { name: "part", title: "Part" },
  { name: "logits", title: "Logits" },
] as const;

export default function SoftmaxRoom() {
  useKeys([
    { key: "n", does: "the next part", run: () => enter(beside(1)) },
    { key: "p", does: "the previous part", run: () => enter(beside(-1)) },
    { key: "+", does: "one class more", run: () => resize(classes.peek() + 1) },
    { key: "-", does: "one class fewer", run: () => resize(classes.peek() - 1) },
  ]);
  const { name, title, view: View } = part.value;
  const next = parts[parts.indexOf(part.value) + 1];
  return (
    <div class="softmax-room" data-pane={shownPane(panes)}>
      <div class="top">
        <h1>Softmax</h1>
        <Panes panes={panes} />
        <nav class="parts" aria-label="Parts">
          {parts.map((each, i) => (
            <a
              key={each.name}
              href={`#/softmax?part=${each.name}`}
              aria-current={each.name === name ? "step" : undefined}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                enter(each);
              }}
            >
              <span class="soft">{i + 1}</span> {each.title}
            </a>
          ))}
        </nav>
      </div>
      <div class="left">
        <Instrument pointsAtCell={name === "jacobian"} />
        <p class="small soft core">
          The result: <Formula tex="\bar x = s \odot (g - \langle g, s \rangle)" />
        </p>
      </div>
      <article key={name} class="panel part" aria-label={title} data-figure={title}>
        <h2>{title}</h2>
        <View />
        {next && (
          <p class="onward">
            <button type="button" class="button" onClick={() => enter(next)}>
              Next: {next.title} ›
            </button>
          </p>
        )}
      </article>
    </div>
  );
}
