import { Formula } from "../../parts/Formula.tsx";
import { short } from "../../parts/numbers.ts";
import type { StepData } from "../../sandbox/protocol.ts";
import { Row, Tensor, TensorName, Title } from "./pieces.tsx";
import { at, order } from "./state.ts";
import { tangentFormula } from "./tangents.ts";
import type { Timeline } from "./timeline.ts";

// The panels of forward mode: the tangents v of the inputs, the rule of a step, and the result J v with the Jacobian J.

/** Shows the rule of forward mode for a step. */
export function TangentRule({ of, step }: { of: Timeline; step: StepData }) {
  if (of.tangent(step.output, at.value) === undefined)
    return <p class="soft small">No derivative flows through this step, so its output has no tangent.</p>;
  const flows = step.inputs.map((input) => of.tangent(input, at.value) !== undefined);
  return (
    <p class="value-formula tangent-formula">
      <Formula tex={tangentFormula(step.known ? step.op : "", flows)} />
      <span class="soft small">A dot marks a tangent.</span>
    </p>
  );
}

interface PairProps {
  readonly of: Timeline;
  readonly tensor: number;
  readonly phase?: "forward";
  readonly children?: preact.ComponentChildren;
}

/** Shows a tensor above its tangent. */
export function Pair({ of, tensor, phase, children }: PairProps) {
  const tangent = of.tangent(tensor, at.value);
  return (
    <div class="pair">
      <Tensor of={of} tensor={tensor} {...(phase && { phase })} />
      {tangent === undefined ? (
        <p class="soft small">no tangent{of.recording.constants.includes(tensor) && ": constant"}</p>
      ) : (
        <Tensor of={of} tensor={tangent} name={`tangent of ${of.name(tensor).split(" ")[0]}`} phase="tangent" />
      )}
      {children}
    </div>
  );
}

export function TangentStart({ of }: { of: Timeline }) {
  const { inputs, tangents } = of.recording;
  const seeded = inputs[tangents!.along];
  return (
    <>
      <Title phase="start" text="The inputs of f and their tangents v" />
      <Row>
        {inputs.map((input) => (
          <Pair key={input} of={of} tensor={input} />
        ))}
      </Row>
      <p>
        {seeded === undefined ? (
          "No input is a float, so there are no tangents."
        ) : (
          <>
            The tangent of <TensorName of={of} tensor={seeded} /> is ones
            {inputs.length > 1 && ", and the tangent of each other input is zeros"}. The result says how fast <i>f</i>{" "}
            changes if all elements of {of.name(seeded)} grow at rate 1.
          </>
        )}
      </p>
      <Comparison of={of} />
      <p class="soft small">
        <kbd>→</kbd> runs the first step, which computes its value and its tangent.
      </p>
    </>
  );
}

export function TangentEnd({ of }: { of: Timeline }) {
  const { inputs, outputs, tangents } = of.recording;
  const seeded = inputs[tangents!.along];
  const cotangent = seeded === undefined ? undefined : of.cotangentAfterSweep(seeded);
  const forward = sumOf(outputs.map((output) => of.tangent(output, of.last)), of); // biome-ignore format: a line
  const reverse = sumOf([cotangent], of);
  return (
    <>
      <Title phase="forward" text="The result: J v, the tangent of the value" />
      <Row>
        {outputs.map((output, k) => (
          <Pair key={`${k} ${output}`} of={of} tensor={output} phase="forward" />
        ))}
      </Row>
      {seeded !== undefined && (
        <p>
          <i>f</i> changes at this rate if all elements of <TensorName of={of} tensor={seeded} /> grow at rate 1.
          {order.value === 2 &&
            " Here the function is a gradient, so J is a Hessian, and J v a Hessian-vector product."}
        </p>
      )}
      {forward !== undefined && reverse !== undefined && (
        <p>
          With ones for <i>u</i>, the tangents give <Transposed />(<i>J v</i>) ={" "}
          <span class="code">{short(forward, 6)}</span>, and the sweep gives (<Transposed />
          <i>J</i>)<i>v</i> = <span class="code">{short(reverse, 6)}</span>.
        </p>
      )}
      <Comparison of={of} />
    </>
  );
}

/** Returns the sum of all elements of several tensors, or undefined if the page does not have all elements. */
function sumOf(all: readonly (number | undefined)[], of: Timeline): number | undefined {
  let sum = 0;
  for (const tensor of all) {
    if (tensor === undefined) continue;
    const { shown, size } = of.recording.tensors[tensor]!;
    if (shown < size) return undefined;
    for (const x of Array.from(of.numbers(tensor).data)) sum += x;
  }
  return all.some((tensor) => tensor !== undefined) ? sum : undefined;
}

/** Explains how many passes forward mode and reverse mode need for the Jacobian of the recorded function. */
export function Comparison({ of }: { of: Timeline }) {
  const { inputs, outputs, tensors } = of.recording;
  const count = (list: readonly number[]): number =>
    list.reduce((n, i) => n + (tensors[i]!.dtype.startsWith("float") ? tensors[i]!.size : 0), 0);
  const [n, m] = [count(inputs), count(outputs)];
  const counted = (k: number, one: string, many: string) => `${k.toLocaleString("en")} ${k === 1 ? one : many}`;
  const numbers = `${counted(n, "input number", "input numbers")} and ${counted(m, "output number", "output numbers")}`;
  const passes = `${counted(n, "forward pass", "forward passes")} or ${counted(m, "reverse pass", "reverse passes")}`;
  return (
    <p class="soft small comparison">
      Forward mode computes <i>J v</i>, the Jacobian times a tangent <i>v</i> of the inputs: one pass per input. Reverse
      mode computes <Transposed />
      <i>J</i>, a cotangent <i>u</i> of the value times the Jacobian: one pass per output.
      {n > 0 && m > 0 && ` This function has ${numbers}, so its whole Jacobian costs ${passes}.`}
    </p>
  );
}

/** The transpose of u. The T is an HTML superscript, because the Unicode character ᵀ would load another font. */
const Transposed = () => (
  <i>
    u<sup>T</sup>
  </i>
);
