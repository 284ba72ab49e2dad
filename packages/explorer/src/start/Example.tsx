import { useComputed, useSignal } from "@preact/signals";
import { record, type Tensor, tensor } from "@wengert/core";
import { add, mul } from "@wengert/ops";
import { short } from "../parts/numbers.ts";
import { Slider } from "../parts/Slider.tsx";

const f = (x: Tensor): Tensor => mul(add(x, 1), x);

/**
 * Records f at x. Returns the values of x and of the steps, and the contributions that the VJP rules add to the
 * cotangents.
 */
function recorded(at: number) {
  const { steps, pulls } = record(f, tensor(at));
  const [ofMul, ofAdd] = Array.from(pulls(), ({ contributions }) => contributions.map((each) => each?.item() ?? 0));
  return {
    values: [at, ...steps.map(({ output }) => output.item())] as [number, number, number],
    toSum: ofMul![0]!, // the contribution of #2 to the cotangent of #1
    direct: ofMul![1]!, // the contribution of #2 to the cotangent of x
    throughSum: ofAdd![0]!, // the contribution of #1 to the cotangent of x
  };
}

const last = 5;
const nudge = 0.01;

/** A list of two steps, f(x) = (x + 1) · x, which the reader steps through forward and backward. */
export function Example() {
  const x = useSignal(3);
  const at = useSignal(0);
  const run = useComputed(() => recorded(x.value)).value;
  const now = at.value;
  const { values, toSum, direct, throughSum } = run;
  const word = (n: number) => short(n, 4);
  const whole = direct + throughSum;
  const rows = [
    {
      name: "x",
      op: "input",
      value: values[0],
      since: 0,
      cotangent: now >= 5 ? whole : now === 4 ? direct : undefined,
    },
    { name: "#1", op: "x + 1", value: values[1], since: 1, cotangent: now >= 4 ? toSum : undefined },
    { name: "#2", op: "#1 · x", value: values[2], since: 2, cotangent: now >= 3 ? 1 : undefined },
  ];
  const current = [0, 1, 2, 2, 2, 1][now];
  const said = [
    `A function of one number: f(x) = (x + 1) · x, at x = ${word(values[0])}. Step through it.`,
    `Forward, step #1: x + 1 = ${word(values[1])}.`,
    `Forward, step #2: ${word(values[1])} · ${word(values[0])} = ${word(values[2])}, the result.`,
    "Now backward. A cotangent says how fast the result changes with a value. For the result itself it is 1.",
    `Step #2 is a product. It sends to each factor the other factor: ${word(toSum)} to #1 and ${word(direct)} to x.`,
    `Step #1 passes ${word(throughSum)} on to x, which was used twice, so the contributions add up: ${word(direct)} + ${word(throughSum)} = ${word(whole)}.`,
  ];
  const after = (values[0] + nudge + 1) * (values[0] + nudge);
  return (
    <section class="panel start-example" aria-label="A running example" data-figure="The example">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">value</th>
            <th scope="col">step</th>
            <th scope="col">number</th>
            <th scope="col" class="of-sweep">
              cotangent
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, op, value, since, cotangent }, i) => (
            <tr key={name} class={now > 0 && i === current ? (now >= 3 ? "current backward" : "current") : undefined}>
              <th scope="row" class="code">
                {name}
              </th>
              <td class="code soft">{op}</td>
              <td class="code value">{now >= since ? word(value) : ""}</td>
              <td class="code cotangent">
                {cotangent === undefined ? "" : word(cotangent)}
                {name === "x" && now === 4 && <span class="soft"> + …</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="start-words">
        <p aria-live="polite">{said[now]}</p>
        {now === last && (
          <p class="soft small">
            Check: if x grows by {nudge}, the cotangent predicts a change of {word(whole * nudge)}. The function changes
            by {word(after - values[2])}.
          </p>
        )}
        <p class="start-buttons">
          <button type="button" class="button" disabled={now === 0} onClick={() => at.value--}>
            Back
          </button>
          <button type="button" class="button primary" onClick={() => (at.value = now === last ? 0 : now + 1)}>
            {now === last ? "Again" : "Step"}
          </button>
          <span class="soft small numbers">
            {now} of {last}
          </span>
        </p>
        <Slider
          label="x"
          value={x.value}
          min={-4}
          max={4}
          step={0.5}
          text={word}
          onInput={(to) => {
            x.value = to;
          }}
        />
      </div>
    </section>
  );
}
