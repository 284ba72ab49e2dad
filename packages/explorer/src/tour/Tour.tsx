import "./tour.css";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { address, open, put } from "../page/address.ts";
import { startAtTop, useKeys } from "../page/keys.ts";
import { stops } from "../page/stops.ts";
import { rightAnswer, verdictOn } from "./answer.ts";
import { finish, progress } from "./progress.ts";
import { Rich } from "./Rich.tsx";
import { type Text, texts } from "./texts.ts";

const overviewHash = "#/tour";
const hashOf = (place: number): string => `#/tour/${stops[place]!.name}`;

/** Shows the current stop of the tour: its text, its question, and the reason for the answer. */
export default function Tour() {
  const place = stops.indexOf(address.value.stop!);
  useKeys([
    { key: ".", does: "the next stop of the tour", run: () => turn(1) },
    { key: ",", does: "the previous stop of the tour", run: () => turn(-1) },
  ]);
  const text = texts[place];
  if (!text) return null;
  return (
    <aside class="tour panel" aria-label="The tour">
      <Stops at={place} />
      <StopView key={text.name} text={text} place={place} />
    </aside>
  );
}

const turn = (by: number): void => {
  const place = stops.indexOf(address.peek().stop!) + by;
  if (!stops[place]) return;
  open(hashOf(place));
  scrollTo(0, 0);
};

function Stops({ at }: { at: number }) {
  return (
    <nav class="tour-stops" aria-label="Stops of the tour">
      <a class="small" href={overviewHash}>
        Stop {at + 1} of {stops.length}
      </a>
      <ol>
        {stops.map(({ name }, i) => (
          <li key={name}>
            <a
              href={hashOf(i)}
              class={progress.value[name] ?? "open"}
              aria-current={i === at ? "step" : undefined}
              title={texts[i]!.title}
            >
              <span class="unseen">{`${i + 1}, ${texts[i]!.title}${progress.value[name] ? ", finished" : ""}`}</span>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function StopView({ text, place }: { text: Text; place: number }) {
  const given = useSignal("");
  const hint = useSignal("");
  const isDone = useSignal(progress.peek()[text.name] !== undefined);
  const next = useRef<HTMLAnchorElement>(null);
  const show = (how: "answered" | "read") => {
    finish(text.name, how);
    isDone.value = true;
    put(stops[place]!.after);
    requestAnimationFrame(() => next.current?.focus({ preventScroll: true }));
  };
  useEffect(() => {
    // If the reader has already answered this stop of the tour, show the answer, unless the URL contains changed
    // parameters.
    const { fields, stop } = address.peek();
    const isUntouched = Object.entries(stop?.fields ?? {}).every(([name, value]) => fields[name] === value);
    if (isDone.peek() && isUntouched) put(stops[place]!.after);
  }, []);
  const check = () => {
    const verdict = verdictOn(text, given.peek());
    if (verdict?.isRight) show("answered");
    else if (verdict) hint.value = `Not quite. ${verdict.hint}`;
    else hint.value = text.answer.kind === "choice" ? "Choose an answer." : "Write a number, such as −1.5.";
  };
  return (
    <div class={isDone.value || !stops[place]!.isHidden ? "stop" : "stop hides-the-room"}>
      <h2>{text.title}</h2>
      {text.text.split("\n\n").map((part) => (
        <p key={part}>
          <Rich>{part}</Rich>
        </p>
      ))}
      <form
        class="question"
        onSubmit={(event) => {
          event.preventDefault();
          check();
        }}
      >
        <p id="tour-question">
          <b>
            <Rich>{text.question}</Rich>
          </b>
        </p>
        {isDone.value ? (
          <p class="given">
            <span class="tick" aria-hidden="true">
              ✓
            </span>{" "}
            <Rich>{rightAnswer(text)}</Rich>
          </p>
        ) : text.answer.kind === "number" ? (
          <div class="ask-number">
            <input
              class="button code"
              type="text"
              inputMode="text"
              autoComplete="off"
              aria-labelledby="tour-question"
              aria-describedby="tour-said"
              value={given.value}
              onInput={({ currentTarget }) => {
                given.value = currentTarget.value;
                hint.value = "";
              }}
            />
            <button type="submit" class="button primary">
              Check
            </button>
          </div>
        ) : (
          <fieldset class="ask-choice" aria-labelledby="tour-question" aria-describedby="tour-said">
            {text.answer.options.map(([option]) => (
              <label key={option}>
                <input
                  type="radio"
                  name="answer"
                  checked={given.value === option}
                  onChange={() => {
                    given.value = option;
                    hint.value = "";
                  }}
                />
                <span>
                  <Rich>{option}</Rich>
                </span>
              </label>
            ))}
            <button type="submit" class="button primary">
              Check
            </button>
          </fieldset>
        )}
      </form>
      <div id="tour-said" aria-live="polite">
        {isDone.value ? (
          <p class="why">
            <Rich>{text.why}</Rich>
          </p>
        ) : (
          hint.value && (
            <p class="hint">
              <Rich>{hint.value}</Rich>{" "}
              <button type="button" class="button quiet" onClick={() => show("read")}>
                Show the answer
              </button>
            </p>
          )
        )}
      </div>
      {isDone.value && <Onward place={place} link={next} />}
    </div>
  );
}

function Onward({ place, link }: { place: number; link: { current: HTMLAnchorElement | null } }) {
  const following = texts[place + 1];
  const below = (
    <button type="button" class="button see-below" onClick={showRoom}>
      See it below
    </button>
  );
  if (following)
    return (
      <p class="onward">
        <a ref={link} class="button primary" href={hashOf(place + 1)} onClick={startAtTop}>
          Next: {following.title}
        </a>
        {below}
      </p>
    );
  return (
    <p class="onward">
      <a ref={link} class="button primary" href={overviewHash} onClick={startAtTop}>
        See what is next
      </a>
      {below}
    </p>
  );
}

/** Scrolls to the main panel of the page, which is below the question of the tour on a narrow screen. */
const showRoom = (): void =>
  document.querySelector(".with-tour :is(.stage, .part, .fit-room)")?.scrollIntoView({ block: "start" });
