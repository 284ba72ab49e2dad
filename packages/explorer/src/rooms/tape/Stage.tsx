import rulesOfLibrary from "virtual:rules";
import { CodeBlock } from "../../parts/CodeBlock.tsx";
import { type Scale, scaleFor } from "../../parts/colors.ts";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import { Formula } from "../../parts/Formula.tsx";
import { HeatMap } from "../../parts/HeatMap.tsx";
import { shapeText } from "../../parts/numbers.ts";
import type { ContributionData, Failure, PullData, StepData } from "../../sandbox/protocol.ts";
import { formulas } from "./formulas.ts";
import { at, look, lookAt } from "./state.ts";
import { broadcastSum, type Moment, type Timeline } from "./timeline.ts";

/**
 * Explains what happens at the current position of the slider: a step runs, or the sweep runs the VJP rule of a step.
 */
export function Stage({ of }: { of: Timeline }) {
  const moment = of.moment(at.value);
  const { failure } = of.recording;
  return (
    <section class="stage" aria-label="The step" aria-live="off">
      {moment.kind === "start" && <Start of={of} />}
      {moment.kind === "step" && <Forward of={of} step={moment.step} place={moment.place} />}
      {moment.kind === "seed" && <SeedView of={of} />}
      {moment.kind === "pull" && <Pull of={of} moment={moment} />}
      {moment.kind === "end" && (failure ? <Broken {...failure} /> : <End of={of} />)}
    </section>
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
        <kbd>→</kbd> runs the first step. Values flow forward through the list, in blue. Cotangents flow back from its
        end, in orange.
      </p>
    </>
  );
}

function Forward({ of, step, place }: { of: Timeline; step: StepData; place: number }) {
  const formula = step.known ? formulas[step.op] : undefined;
  return (
    <>
      <Title phase="forward" text={`#${place + 1}`} step={step} />
      {formula && (
        <p class="value-formula">
          <Formula tex={formula.value} />
          <Where of={of} step={step} />
        </p>
      )}
      <Row>
        {step.inputs.map((input, k) => (
          <Tensor key={`${k} ${input}`} of={of} tensor={input} />
        ))}
        <Arrow phase="forward" text={step.op} />
        <Tensor key={step.output} of={of} tensor={step.output} phase="forward" />
      </Row>
    </>
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
          <Contribution
            key={`${pull.step} ${k}`}
            of={of}
            pull={pull}
            input={step.inputs[k]!}
            contribution={contribution}
          />
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
    </>
  );
}

function Broken(failure: Failure) {
  return (
    <>
      <Title phase="backward" text="The sweep stops here" />
      <ErrorBox name={failure.name} message={failure.message} line={failure.line} />
    </>
  );
}

/** Shows a VJP rule as a formula and as code, and the ops that the rule ran. */
function Rule({ of, pull, step }: { of: Timeline; pull: PullData; step: StepData }) {
  const formula = step.known ? formulas[step.op] : undefined;
  const flows = pull.contributions.map(({ given }) => given !== null);
  const isPerInput = (list: readonly unknown[] | undefined): boolean => list?.length === step.inputs.length;
  const wanted = <T,>(list: readonly T[] | undefined): T[] =>
    (list ?? []).filter((_, k) => !isPerInput(list) || flows[k] === true);
  const code = wanted(step.source ?? rulesOfLibrary[step.op]).filter((rule) => rule.includes("=>"));
  const names = new Map([[pull.cotangent, "g"]]);
  for (const [i, { output }] of pull.rule.entries()) if (!names.has(output)) names.set(output, `r${i + 1}`);
  const nameOf = (tensor: number) => names.get(tensor) ?? of.name(tensor).split(" ")[0] ?? "";
  return (
    <div class="rule">
      <h3>The rule</h3>
      {wanted(formula?.rules).map(
        (tex) =>
          tex !== null && (
            <p key={tex}>
              <Formula tex={tex} />
            </p>
          ),
      )}
      {formula && <Where of={of} step={step} showOutput />}
      {code.length > 0 && <CodeBlock code={[...new Set(code)].join("\n")} label="The rule as code" />}
      {pull.rule.length > 0 && (
        <details>
          <summary class="small">
            {pull.rule.length === 1 ? "the op it ran" : `the ${pull.rule.length} ops it ran`}
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
  readonly input: number;
  readonly contribution: ContributionData;
}

function Contribution({ of, pull, input, contribution: { given, before, after } }: ContributionProps) {
  const name = of.name(input);
  if (given === null || after === null)
    return (
      <div class="contribution">
        <h3>
          to <TensorName of={of} tensor={input} />
        </h3>
        <p class="soft small">no derivative flows back{of.recording.constants.includes(input) && ": it is constant"}</p>
      </div>
    );
  const scale = before === null ? undefined : commonScale(of, [before, given, after]);
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
      ) : (
        <Tensor of={of} tensor={given} name={`contribution to ${name}`} bare phase="backward" />
      )}
      {before !== null && (
        <div class="accumulation">
          <p class="soft small">{name.split(" ")[0]} is used more than once, so its contributions are added.</p>
          <Row>
            <Tensor of={of} tensor={before} name={`cotangent of ${name} so far`} bare scale={scale} />
            <Sign text="+" />
            <Tensor of={of} tensor={given} name={`contribution to ${name}`} bare scale={scale} />
            <Sign text="=" />
            <Tensor of={of} tensor={after} name={`cotangent of ${name} now`} bare phase="backward" scale={scale} />
          </Row>
        </div>
      )}
    </div>
  );
}

/** Returns a common color scale for several tensors, so that a sum can be compared with its terms. */
function commonScale(of: Timeline, tensors: readonly number[]): Scale {
  const ranges = tensors.map((tensor) => of.recording.tensors[tensor]!.range);
  const [least, most] = [
    Math.min(...ranges.map((range) => range.least)),
    Math.max(...ranges.map((range) => range.most)),
  ];
  return scaleFor({ least, most });
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
 * has the shape of the input.
 */
function BroadcastSum({ of, from, to, axes, name }: SumProps) {
  const rank = of.shape(from).length;
  const across = axes.length === 1 && axes[0] === rank - 1 && rank > 1;
  return (
    <div class="broadcast-sum">
      <p class="soft small">
        {name.split(" ")[0]} {shapeText(of.shape(to)) === "scalar" ? "(a scalar)" : ""} was broadcast along{" "}
        {axes.length === 1 ? `axis ${axes[0]}` : `axes ${axes.join(", ")}`}, so the cotangents of its copies are summed.
      </p>
      <div class={across ? "collapse across" : "collapse"}>
        <Tensor of={of} tensor={from} name="before the sum" bare />
        <div class="sum-arrow" aria-hidden="true">
          <span>Σ</span>
          <span>{across ? "→" : "↓"}</span>
        </div>
        <Tensor of={of} tensor={to} name={`contribution to ${name}`} bare phase="backward" />
      </div>
    </div>
  );
}

function Title({ phase, text, step }: { phase: "start" | "forward" | "backward"; text: string; step?: StepData }) {
  const words = { start: "start", forward: "forward", backward: "sweep" };
  return (
    <h2 class="stage-title">
      <span class={`badge ${phase}`}>{words[phase]}</span>
      <span>
        {text} {step && <span class="code">{step.op}</span>}
        {step?.params && <span class="code soft small"> {step.params}</span>}
      </span>
    </h2>
  );
}

/** Lists which tensor each letter of a VJP formula stands for, if the step has several inputs. */
function Where({ of, step, showOutput = false }: { of: Timeline; step: StepData; showOutput?: boolean }) {
  const letters = { 1: ["x"], 2: ["a", "b"], 3: ["c", "a", "b"] }[step.inputs.length];
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

/** A button with the name of a tensor. A click shows the tensor's value and cotangent. */
function TensorName({ of, tensor }: { of: Timeline; tensor: number }) {
  return (
    <button
      type="button"
      class="tensor-name code"
      aria-pressed={look.value === tensor}
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
  readonly phase?: "forward" | "backward";
  readonly bare?: boolean;
  readonly scale?: Scale | undefined;
}

function Tensor({ of, tensor, name, phase, bare = false, scale }: TensorProps) {
  return (
    <div class={phase ? `tensor ${phase}` : "tensor"}>
      <HeatMap of={of.numbers(tensor)} name={name ?? of.name(tensor)} bare={bare} legend={false} scale={scale} />
    </div>
  );
}

const Row = ({ children }: { children: preact.ComponentChildren }) => <div class="tensors">{children}</div>;

const Sign = ({ text }: { text: string }) => (
  <span class="sign" aria-hidden="true">
    {text}
  </span>
);

function Arrow({ phase, text }: { phase: "forward" | "backward"; text: string }) {
  return (
    <div class={`arrow ${phase}`} aria-hidden="true">
      <span class="code small">{text}</span>
      <svg viewBox="0 0 48 12" width="48" height="12" aria-hidden="true">
        <path d="M1 6h44m-5-4.5L45 6l-5 4.5" fill="none" stroke="currentColor" stroke-width="1.8" />
      </svg>
    </div>
  );
}
