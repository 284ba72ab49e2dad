import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Hue, Scale } from "../../parts/colors.ts";
import { HeatMap, type Numbers } from "../../parts/HeatMap.tsx";
import { shapeText } from "../../parts/numbers.ts";
import type { StepData } from "../../sandbox/protocol.ts";
import { change, changes } from "./changes.ts";
import { look, lookAt, outcome, pointed, pointsAt, shownPlace } from "./state.ts";
import type { Timeline } from "./timeline.ts";

// HTML elements that several panels of the Tape page use.

export function Title({
  phase,
  text,
  step,
}: {
  phase: "start" | "forward" | "backward";
  text: string;
  step?: StepData;
}) {
  const words = { start: "start", forward: "forward", backward: "sweep" };
  return (
    <h2 class="stage-title">
      <span class={`badge ${phase}`}>{words[phase]}</span>
      <span>
        {text} {step && <span class="code">{step.op}</span>}
        {step?.body && step.body.times !== 1 && <span class="code soft small"> {step.body.times} ×</span>}
        {step?.params && <span class="code soft small"> {step.params}</span>}
      </span>
    </h2>
  );
}

/** Ops whose formula does not name each input by a letter. */
const withOwnLetters: ReadonlySet<string> = new Set(
  "scan fixedPoint root customVjp customJvp checkpoint concat stack pack einsum".split(" "),
);

/** Lists which tensors the letters of a formula stand for, if the step has several inputs. */
export function Where({ of, step, showOutput = false }: { of: Timeline; step: StepData; showOutput?: boolean }) {
  const letters = { 1: ["x"], 2: ["a", "b"], 3: ["c", "a", "b"] }[step.inputs.length];
  if (withOwnLetters.has(step.op)) return null;
  const own: Readonly<Record<string, readonly string[]>> = {
    softmaxPullback: ["s", "h"],
    subtractWeightedMean: ["s", "h"],
    logSoftmaxPullback: ["x", "h"],
    crossEntropy: ["x", "t"],
    crossEntropyPullback: ["x", "t", "h"],
    softCrossEntropyPullback: ["x", "t", "h"],
    axpy: ["a", "x", "b"],
    take: ["a", "i"],
    scatterAdd: ["a", "i"],
    takeAlong: ["a", "i"],
    scatterAddAlong: ["a", "i"],
  };
  const used = own[step.op] ?? letters;
  if (!used || !step.known) return null;
  return (
    <span class="where soft small">
      {step.inputs.map((input, k) => (
        <span key={k}>
          <i>{used[k]}</i> = <TensorName of={of} tensor={input} />
        </span>
      ))}
      {showOutput && (
        <span>
          <i>{used[0] === "x" && step.op === "softmax" ? "s" : "y"}</i> = <TensorName of={of} tensor={step.output} />
        </span>
      )}
    </span>
  );
}

/** A button with the name of a tensor. It opens the panel of that tensor. */
export function TensorName({ of, tensor }: { of: Timeline; tensor: number }) {
  return (
    <button
      type="button"
      class={pointed.value.includes(tensor) ? "tensor-name code pointed" : "tensor-name code"}
      aria-pressed={look.value === tensor}
      {...pointsAt(tensor)}
      onFocus={() => (pointed.value = [tensor])}
      onBlur={() => (pointed.value = [])}
      onClick={() => lookAt(tensor)}
      title="Show its value and its cotangent"
    >
      {of.name(tensor) || shapeText(of.shape(tensor))}
    </button>
  );
}

interface TensorProps {
  readonly of: Timeline;
  readonly tensor: number;
  readonly name?: string;
  readonly phase?: "forward" | "backward" | "tangent";
  /** The kind of the numbers. Default: cotangent in the phase "backward", tangent in the phase "tangent", else value. */
  readonly hue?: Hue;
  readonly bare?: boolean;
}

export function Tensor({ of, tensor, name, phase, hue, bare = false }: TensorProps) {
  const numbers = withChanges(of, tensor);
  const onChange = changeOf(of, tensor);
  const kind = hue ?? (phase === "backward" ? "cotangent" : phase === "tangent" ? "tangent" : "value");
  return (
    <div
      class={`tensor${phase ? ` ${phase}` : ""}${pointed.value.includes(tensor) ? " pointed" : ""}`}
      {...pointsAt(tensor)}
    >
      <Cells of={numbers} name={name ?? of.name(tensor)} bare={bare} hue={kind} onChange={onChange} />
    </div>
  );
}

const mostDragged = 40; // tensors with more elements cannot be changed by dragging
const mostRecordings = 20; // the sandbox drops the first recordings if there are more

/**
 * Returns the numbers of a tensor. If the user has changed numbers of an input by dragging, returns the changed
 * numbers, even before the program runs again.
 */
export function withChanges(of: Timeline, tensor: number): Numbers {
  const numbers = of.numbers(tensor);
  const input = of.recording.inputs.indexOf(tensor);
  const own = changes.value.filter((each) => each.recording === shownPlace.value && each.input === input);
  if (own.length === 0 || !numbers.dtype.startsWith("float")) return numbers;
  const data = Array.from(numbers.data);
  for (const { element, value } of own) if (element < data.length) data[element] = value;
  return { ...numbers, data };
}

/** Returns a function that changes an element of a tensor, if the tensor is a small input. */
function changeOf(of: Timeline, tensor: number): ((element: number, value: number) => void) | undefined {
  const { inputs, tensors } = of.recording;
  const [input, { size, dtype }] = [inputs.indexOf(tensor), tensors[tensor]!];
  if (input < 0 || size > mostDragged || !dtype.startsWith("float")) return undefined;
  if ((outcome.value?.recordings.length ?? 0) >= mostRecordings) return undefined;
  return (element, value) => change({ recording: shownPlace.peek(), input, element, value });
}

/**
 * The color scales of the current step, one for each hue, so that equal numbers have equal colors in the whole step.
 * Numbers that are not floats have their own scales.
 */
export const Scales = createContext<Partial<Readonly<Record<Hue, Scale>>>>({});

interface CellsProps {
  readonly of: Numbers;
  readonly name: string;
  readonly hue: Hue;
  readonly bare?: boolean;
  readonly marked?: readonly number[] | undefined;
  readonly onHover?: ((place: number | undefined) => void) | undefined;
  readonly onChange?: ((element: number, value: number) => void) | undefined;
}

/** Shows numbers as a heat map with the color scale of the current step. */
export function Cells({ of, hue, ...others }: CellsProps) {
  const scale = useContext(Scales)[hue];
  return (
    <HeatMap of={of} hue={hue} legend={false} scale={of.dtype.startsWith("float") ? scale : undefined} {...others} />
  );
}

export const Row = ({ children }: { children: preact.ComponentChildren }) => <div class="tensors">{children}</div>;

export const Sign = ({ text }: { text: string }) => (
  <span class="sign" aria-hidden="true">
    {text}
  </span>
);

export function Arrow({ phase, text }: { phase: "forward" | "backward"; text: string }) {
  return (
    <div class={`arrow ${phase}`} aria-hidden="true">
      <span class="code small">{text}</span>
      <svg viewBox="0 0 48 12" width="48" height="12" aria-hidden="true">
        <path d="M1 6h44m-5-4.5L45 6l-5 4.5" fill="none" stroke="currentColor" stroke-width="1.8" />
      </svg>
    </div>
  );
}
