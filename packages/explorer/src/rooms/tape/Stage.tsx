import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { type Hue, type Scale, scaleFor } from "../../parts/colors.ts";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import { Formula } from "../../parts/Formula.tsx";
import type { Numbers } from "../../parts/HeatMap.tsx";
import { shapeText } from "../../parts/numbers.ts";
import type { BodyData, ContributionData, Failure, PullData, StepData } from "../../sandbox/protocol.ts";
import { axesText, copiesAlong, copiesOf, isTable, repeated, repeatedAxes, summedRule } from "./broadcast.ts";
import { changes, resetInputs } from "./changes.ts";
import { formulas, isElementwise } from "./formulas.ts";
import { cellsOf, Flight, Scrub, useProgress } from "./Motion.tsx";
import { Nudges } from "./Nudges.tsx";
import { Arrow, Cells, Row, Scales, Sign, Tensor, TensorName, Title, Where, withChanges } from "./pieces.tsx";
import { RuleCode } from "./RuleCode.tsx";
import { canDraw, RuleDrawing } from "./RuleDrawing.tsx";
import { at, opened, showsTangents, toggleBody } from "./state.ts";
import { Comparison, Pair, TangentEnd, TangentRule, TangentStart } from "./TangentStage.tsx";
import { broadcastSum, type Moment, type Timeline } from "./timeline.ts";

/**
 * Explains what happens at the current position of the slider: a step runs, or the sweep runs the VJP rule of a step.
 */
export function Stage({ of }: { of: Timeline }) {
  const moment = of.moment(at.value);
  const { failure } = of.recording.tangents ?? of.recording;
  const scales = useMemo(() => scalesAt(of, moment), [of, at.value]);
  return (
    <Scales.Provider value={scales}>
      <section class="stage" aria-label="The step" aria-live="off" data-figure="The step">
        {moment.kind === "start" && (of.isForwardMode ? <TangentStart of={of} /> : <Start of={of} />)}
        {moment.kind === "step" && <Forward of={of} step={moment.step} place={moment.place} />}
        {moment.kind === "seed" && <SeedView of={of} />}
        {moment.kind === "pull" && <Pull of={of} moment={moment} />}
        {moment.kind === "end" &&
          (failure ? <Broken {...failure} /> : of.isForwardMode ? <TangentEnd of={of} /> : <End of={of} />)}
        {changes.value.length > 0 && <Changed />}
      </section>
    </Scales.Provider>
  );
}

/** Says how many numbers of the inputs the user has changed, and shows a button that resets the inputs. */
function Changed() {
  const n = changes.value.length;
  return (
    <p class="changed-note small">
      {n === 1 ? "You changed a number of the inputs." : `You changed ${n} numbers of the inputs.`} The program still
      has the old {n === 1 ? "number" : "numbers"}.
      <button type="button" class="button quiet" onClick={resetInputs}>
        Reset inputs
      </button>
    </p>
  );
}

function Start({ of }: { of: Timeline }) {
  return (
    <>
      <Title phase="start" text="The inputs of f" />
      <Row>
        {of.recording.inputs.map((input) => (
          <Tensor key={input} of={of} tensor={input} />
        ))}
      </Row>
      <p class="soft small">
        Drag a number to the left or right to change it, or press <kbd>↑</kbd> and <kbd>↓</kbd> on it. <kbd>→</kbd> runs
        the first step. Values flow forward through the list, in blue. Cotangents flow back from its end, in orange.
      </p>
    </>
  );
}

function Forward({ of, step, place }: { of: Timeline; step: StepData; place: number }) {
  const formula = step.known ? formulas[step.op] : undefined;
  return (
    <>
      <Title phase="forward" text={`#${place + 1}`} step={step} />
      {step.body && <BodyNote place={place} body={step.body} />}
      {formula && (
        <p class="value-formula">
          <Formula tex={formula.value} />
          <Where of={of} step={step} />
        </p>
      )}
      {of.isForwardMode && <TangentRule of={of} step={step} />}
      <Row>
        {step.inputs.map((input, k) => (
          <Input
            key={`${step.output} ${k} ${input}`}
            of={of}
            tensor={input}
            axes={repeatedAxesOf(of, step, k)}
            to={step.output}
          />
        ))}
        <Arrow phase="forward" text={step.op} />
        {of.isForwardMode ? (
          <Pair key={step.output} of={of} tensor={step.output} phase="forward" />
        ) : (
          <Tensor key={step.output} of={of} tensor={step.output} phase="forward" />
        )}
      </Row>
    </>
  );
}

/** Explains a step that contains a list of steps, such as a loop body, and shows a button that expands this list. */
function BodyNote({ place, body }: { place: number; body: BodyData }) {
  const isOpen = opened.value.has(place);
  return (
    <p class="body-note">
      {body.times === 1
        ? "This step holds another list, its body, with shapes but no values."
        : `This step runs its body ${body.times} times. The list holds the body once, with shapes but no values.`}{" "}
      <button type="button" class="button" aria-expanded={isOpen} onClick={() => toggleBody(place)}>
        {isOpen ? "Hide the body" : "Show the body"}
      </button>
    </p>
  );
}

/** Returns the axes along which a step repeats (broadcasts) its input number `k`. */
const repeatedAxesOf = (of: Timeline, { op, known, inputs, output }: StepData, k: number): readonly number[] =>
  known && isElementwise(op) ? repeatedAxes(of.shape(inputs[k]!), of.shape(output)) : [];

interface InputProps {
  readonly of: Timeline;
  readonly tensor: number;
  /** The axes along which the step repeats the input. */
  readonly axes: readonly number[];
  /** The output of the step. */
  readonly to: number;
}

/**
 * Shows an input of a step. If the step repeats (broadcasts) the input, shows the repeated tensor below the input. For
 * a scalar, shows only the input.
 */
function Input({ of, tensor, axes, to }: InputProps) {
  const isRepeated = axes.length > 0 && of.shape(tensor).length > 0;
  if (of.isForwardMode)
    return (
      <Pair of={of} tensor={tensor}>
        {isRepeated && <p class="soft small">Both are repeated along {axesText(axes)}.</p>}
      </Pair>
    );
  if (!isRepeated) return <Tensor of={of} tensor={tensor} />;
  return <Repeated of={of} tensor={tensor} axes={axes} to={to} />;
}

/** Draws a broadcast input. An animation moves each copy of the input to its position in the broadcast tensor. */
function Repeated({ of, tensor, axes, to }: InputProps) {
  const box = useRef<HTMLDivElement>(null);
  const shape = of.shape(to);
  const all = repeated(withChanges(of, tensor), shape);
  const copies = (all && copiesAlong(shape, axes)) ?? [];
  const progress = useProgress(copies.length);
  const [columns, ownColumns] = [shape.at(-1) ?? 1, of.shape(tensor).at(-1) ?? 1];
  const done = Math.floor(progress.value);
  useLayoutEffect(() => {
    for (const [i, places] of copies.entries())
      for (const cell of cellsOf(box.current, 1, columns, places)) cell.style.opacity = i < done ? "" : "0";
  });
  return (
    <div class="broadcast moving" ref={box}>
      <Tensor of={of} tensor={tensor} />
      <p class="soft small">↓ repeated along {axesText(axes)}</p>
      {all && <Cells of={all} name={`${of.name(tensor)}, repeated`} hue="value" bare />}
      {copies.length > 0 && (
        <>
          <Scrub progress={progress} count={copies.length} label="copies" />
          <Flight
            box={box}
            part={progress.value - done}
            from={() => cellsOf(box.current, 0, ownColumns)}
            to={() => cellsOf(box.current, 1, columns, copies[done])}
          />
        </>
      )}
    </div>
  );
}

function SeedView({ of }: { of: Timeline }) {
  const { seeds } = of.recording;
  return (
    <>
      <Title phase="backward" text="The sweep begins" />
      <p class="soft">
        {seeds.length === 0
          ? "The value of f is not a float, so no derivative flows back."
          : "The derivative of the value with respect to itself is 1. The sweep now reads the list from its end to its beginning."}
      </p>
      <Row>
        {seeds.map(({ of: output, cotangent }) => (
          <Tensor key={output} of={of} tensor={cotangent} name={`cotangent of ${of.name(output)}`} phase="backward" />
        ))}
      </Row>
    </>
  );
}

function Pull({ of, moment: { pull, step } }: { of: Timeline; moment: Extract<Moment, { kind: "pull" }> }) {
  return (
    <>
      <Title phase="backward" text={`#${pull.step + 1}`} step={step} />
      <div class="pull">
        <Tensor
          key={pull.cotangent}
          of={of}
          tensor={pull.cotangent}
          name={`g, the cotangent of ${of.name(step.output)}`}
          phase="backward"
        />
        <Rule of={of} pull={pull} step={step} />
      </div>
      <div class="contributions">
        {pull.contributions.map((contribution, k) => (
          <Contribution key={`${pull.step} ${k}`} of={of} pull={pull} step={step} k={k} contribution={contribution} />
        ))}
      </div>
    </>
  );
}

function End({ of }: { of: Timeline }) {
  return (
    <>
      <Title phase="backward" text="The result: the gradient" />
      <div class="gradients">
        {of.recording.inputs.map((input) => {
          const cotangent = of.cotangent(input, of.last);
          return (
            <Row key={input}>
              <Tensor of={of} tensor={input} />
              {cotangent ? (
                <Tensor of={of} tensor={cotangent.tensor} name={`cotangent of ${of.name(input)}`} phase="backward" />
              ) : (
                <p class="soft small">No cotangent reaches this input, so its gradient is zero.</p>
              )}
            </Row>
          );
        })}
      </div>
      <Nudges of={of} />
      <Comparison of={of} />
    </>
  );
}

function Broken(failure: Failure) {
  return (
    <>
      <Title phase="backward" text={showsTangents.value ? "Forward mode stops here" : "The sweep stops here"} />
      <ErrorBox name={failure.name} message={failure.message} line={failure.line} />
    </>
  );
}

/**
 * Shows a VJP rule as a formula, the code of the rule, and the ops that the rule ran. If there is a formula, the code
 * is collapsed.
 */
function Rule({ of, pull, step }: { of: Timeline; pull: PullData; step: StepData }) {
  const formula = step.known ? formulas[step.op] : undefined;
  const flows = pull.contributions.map(({ given }) => given !== null);
  const all = formula?.rules ?? [];
  const isPerInput = all.length === step.inputs.length;
  const rules = all.map((rule, k) => {
    if (rule === null || (isPerInput && !flows[k])) return null;
    return isPerInput ? summedRule(rule, repeatedAxesOf(of, step, k)) : rule;
  });
  const isSummed = rules.some((rule, k) => rule !== null && rule !== all[k]);
  const names = new Map([[pull.cotangent, "g"]]);
  for (const [i, { output }] of pull.rule.entries()) if (!names.has(output)) names.set(output, `r${i + 1}`);
  const nameOf = (tensor: number) => names.get(tensor) ?? of.name(tensor).split(" ")[0] ?? "";
  return (
    <div class="rule">
      <h3>The rule</h3>
      {rules.map(
        (tex) =>
          tex !== null && (
            <p key={tex} class="rule-formula">
              <Formula tex={tex} />
            </p>
          ),
      )}
      {formula && <Where of={of} step={step} showOutput />}
      <RuleCode key={step.output} step={step} flows={flows} isSummed={isSummed} />
      {pull.rule.length > 0 && (
        <details>
          <summary class="small">
            {pull.rule.length === 1 ? "the op that the rule ran" : `the ${pull.rule.length} ops that the rule ran`}
          </summary>
          <ol class="rule-ops code small">
            {pull.rule.map(({ op, inputs, params, output }, i) => (
              <li key={i}>
                {nameOf(output)} = {op}(
                {inputs
                  .map(nameOf)
                  .map((name) => name || "c")
                  .join(", ")}
                ){" "}
                <span class="soft">
                  {params} [{of.shape(output).join(", ")}]
                </span>
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  );
}

interface ContributionProps {
  readonly of: Timeline;
  readonly pull: PullData;
  readonly step: StepData;
  /** The index of the input. */
  readonly k: number;
  readonly contribution: ContributionData;
}

function Contribution({ of, pull, step, k, contribution: { given, before, after } }: ContributionProps) {
  const input = step.inputs[k]!;
  const name = of.name(input);
  if (given === null || after === null)
    return (
      <div class="contribution nothing">
        <h3>
          to <TensorName of={of} tensor={input} />
        </h3>
        <p class="soft small">no derivative flows back{of.recording.constants.includes(input) && ": it is constant"}</p>
      </div>
    );
  const isRepeated = String(of.shape(input)) !== String(of.shape(pull.cotangent));
  const summed = isRepeated ? broadcastSum(pull, given, (tensor) => of.shape(tensor)) : undefined;
  return (
    <div class="contribution">
      <h3>
        to <TensorName of={of} tensor={input} />
        {given === pull.cotangent && <span class="soft"> · g unchanged</span>}
      </h3>
      {summed ? (
        <BroadcastSum of={of} from={summed.from} axes={summed.axes} to={given} name={name} />
      ) : canDraw(of, step, k) ? (
        <RuleDrawing of={of} pull={pull} step={step} k={k} given={given} />
      ) : (
        <Tensor of={of} tensor={given} name={`contribution to ${name}`} bare phase="backward" />
      )}
      {before !== null && <Accumulation of={of} input={input} before={before} given={given} after={after} />}
    </div>
  );
}

interface AccumulationProps {
  readonly of: Timeline;
  readonly input: number;
  /** The cotangent of the input before a contribution is added. `given` is the contribution, and `after` is the sum. */
  readonly before: number;
  readonly given: number;
  readonly after: number;
}

/**
 * Draws how a contribution is added to the cotangent of an input. An animation moves the cotangent and the contribution
 * to the table of their sum.
 */
function Accumulation({ of, input, before, given, after }: AccumulationProps) {
  const box = useRef<HTMLDivElement>(null);
  const shape = of.shape(after);
  const isDrawn = isTable(shape);
  const progress = useProgress(isDrawn ? 2 : 0);
  const done = Math.floor(progress.value);
  const columns = shape.at(-1) ?? 1;
  const name = of.name(input);
  useLayoutEffect(() => {
    if (isDrawn) for (const cell of cellsOf(box.current, 2, columns)) cell.style.opacity = done > 0 ? "" : "0";
  });
  return (
    <div class="accumulation moving backward-motion" ref={box}>
      <p class="soft small">{name.split(" ")[0]} is used more than once, so its contributions are added.</p>
      <Row>
        <Tensor of={of} tensor={before} name={`cotangent of ${name} so far`} bare hue="cotangent" />
        <Sign text="+" />
        <Tensor of={of} tensor={given} name={`contribution to ${name}`} bare hue="cotangent" />
        <Sign text="=" />
        <Tensor
          of={of}
          tensor={isDrawn && done < 2 ? before : after}
          name={`cotangent of ${name} now`}
          bare
          phase="backward"
        />
      </Row>
      {isDrawn && (
        <>
          <Scrub progress={progress} count={2} label="added" />
          <Flight
            box={box}
            part={progress.value - done}
            from={() => cellsOf(box.current, done, columns)}
            to={() => cellsOf(box.current, 2, columns)}
          />
        </>
      )}
    </div>
  );
}

/**
 * Returns three color scales for one position of the slider: one for values, one for cotangents, and one for tangents.
 */
function scalesAt(of: Timeline, moment: Moment): Record<Hue, Scale> {
  const { inputs, outputs, seeds } = of.recording;
  const isStep = moment.kind === "step" || moment.kind === "pull";
  const isEnd = moment.kind === "end";
  const values = isStep ? [...moment.step.inputs, moment.step.output] : [...inputs, ...(isEnd ? outputs : [])];
  const cotangents =
    moment.kind === "pull"
      ? [
          moment.pull.cotangent,
          ...moment.pull.contributions.flatMap(({ given, before, after }) => [given, before, after]),
        ]
      : isEnd
        ? inputs.map((input) => of.cotangent(input, of.last)?.tensor)
        : seeds.map(({ cotangent }) => cotangent);
  const tangents = values.map((tensor) => of.tangent(tensor, of.last));
  return {
    value: commonScale(of, values, "value"),
    cotangent: commonScale(of, cotangents, "cotangent"),
    tangent: commonScale(of, tangents, "tangent"),
  };
}

/** Returns a common color scale for the float tensors of a list. */
function commonScale(of: Timeline, list: readonly (number | undefined | null)[], hue: Hue): Scale {
  const ranges = list
    .flatMap((tensor) => (tensor == null ? [] : [of.recording.tensors[tensor]!]))
    .filter(({ dtype }) => dtype.startsWith("float"))
    .map(({ range }) => range);
  const least = Math.min(...ranges.map((range) => range.least));
  const most = Math.max(...ranges.map((range) => range.most));
  return scaleFor(least <= most ? { least, most } : { least: 0, most: 0 }, { hue });
}

interface SumProps {
  readonly of: Timeline;
  readonly from: number;
  readonly to: number;
  readonly axes: readonly number[];
  readonly name: string;
}

/**
 * Draws a contribution to the cotangent of a broadcast input, before and after the sum over the broadcast axes. The sum
 * has the shape of the input. Pointing at an entry of the sum highlights the entries that it adds.
 */
function BroadcastSum({ of, from, to, axes, name }: SumProps) {
  const hovered = useSignal<number | undefined>(undefined);
  const rank = of.shape(from).length;
  const across = axes.length === 1 && axes[0] === rank - 1 && rank > 1;
  const box = useRef<HTMLDivElement>(null);
  const copies = copiesAlong(of.shape(from), axes) ?? [];
  const progress = useProgress(copies.length);
  const done = Math.floor(progress.value);
  const [columns, ownColumns] = [of.shape(from).at(-1) ?? 1, of.shape(to).at(-1) ?? 1];
  const marked = hovered.value === undefined ? undefined : copiesOf(hovered.value, of.shape(to), of.shape(from));
  return (
    <div class="broadcast-sum backward-motion">
      <p class="soft small">
        {name.split(" ")[0]} {shapeText(of.shape(to)) === "scalar" ? "(a scalar)" : ""} was broadcast along{" "}
        {axesText(axes)}, so the cotangents of its copies are summed.
      </p>
      <div class={across ? "collapse across moving" : "collapse moving"} ref={box}>
        <div class="tensor falling">
          <Cells of={of.numbers(from)} name="before the sum" hue="cotangent" bare marked={marked} />
        </div>
        <div class="sum-arrow" aria-hidden="true">
          <span>Σ</span>
          <span>{across ? "→" : "↓"}</span>
        </div>
        <div class="tensor backward">
          <Cells
            of={done < copies.length ? partialSum(of, from, to, copies.slice(0, done)) : of.numbers(to)}
            name={`contribution to ${name}`}
            hue="cotangent"
            bare
            onHover={(place) => {
              hovered.value = place;
            }}
          />
        </div>
        {copies.length > 0 && (
          <Flight
            box={box}
            part={progress.value - done}
            from={() => cellsOf(box.current, 0, columns, copies[done])}
            to={() => cellsOf(box.current, 1, ownColumns)}
          />
        )}
      </div>
      {copies.length > 0 && <Scrub progress={progress} count={copies.length} label="added" />}
    </div>
  );
}

/**
 * Returns the sum of some copies of a broadcast tensor. `copies` has the indices of each copy's elements in the tensor
 * `from`. The sum has the shape of the tensor `to`.
 */
function partialSum(of: Timeline, from: number, to: number, copies: readonly (readonly number[])[]): Numbers {
  const { data } = of.numbers(from);
  const { shape, dtype, data: whole } = of.numbers(to);
  const sums = Array.from(whole, (_, k) => copies.reduce((sum, places) => sum + data[places[k]!]!, 0));
  return { shape, dtype, data: sums };
}
