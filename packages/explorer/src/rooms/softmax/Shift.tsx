import { computed } from "@preact/signals";
import { type Tensor, vjp } from "@wengert/core";
import { add, div, exp, max, softmax, sub, sum } from "@wengert/ops";
import { address, put } from "../../page/address.ts";
import { Formula } from "../../parts/Formula.tsx";
import { aligned, short } from "../../parts/numbers.ts";
import { Slider } from "../../parts/Slider.tsx";
import { dtype, g, list, z } from "./state.ts";
import { Try } from "./Try.tsx";

const widest = 1000;
const c = computed(() => {
  const found = Number(address.value.fields.shift ?? 0);
  return Number.isFinite(found) && Math.abs(found) <= widest ? found : 0;
});
const raised = computed(() => (c.value === 0 ? z.value : add(z.value, c.value)));

/** Computes softmax by its definition, exp(x) / Σ exp(x), which overflows for large logits. */
const plainly = (x: Tensor): Tensor => {
  const N = exp(x);
  return div(N, sum(N));
};
const plain = computed(() => vjp(plainly, raised.value));
const shifted = computed(() => vjp((x: Tensor) => softmax(x), raised.value));

/**
 * Compares softmax by its definition, which overflows, with the library's softmax, which first subtracts the maximum.
 */
export function Shift() {
  const x = raised.value;
  const lowered = sub(x, max(x));
  return (
    <>
      <p>
        Adding the same number c to all logits does not change softmax, because e<sup>c</sup> cancels. So we may choose
        c, and one choice is safe: minus the largest logit. Move c and compare the definition with the shifted form.
      </p>
      <Formula
        block
        tex="\frac{e^{x_i + c}}{\sum_k e^{x_k + c}} = \frac{e^{c}\, e^{x_i}}{e^{c} \sum_k e^{x_k}} = \frac{e^{x_i}}{\sum_k e^{x_k}}"
      />
      <Slider
        label="c, added to all logits"
        value={c.value}
        min={-widest}
        max={widest}
        step={1}
        onInput={(to) => put({ shift: to === 0 ? undefined : String(to) })}
      />
      <div class="sides">
        <Side
          title="Without the shift"
          given="x + c"
          logits={list(x)}
          exps={list(exp(x))}
          total={sum(exp(x)).item()}
          shares={list(plain.value.value)}
          pulled={list(plain.value.pullback(g.value)[0])}
        />
        <Side
          title="With the largest subtracted first"
          given="x + c − m"
          logits={list(lowered)}
          exps={list(exp(lowered))}
          total={sum(exp(lowered)).item()}
          shares={list(shifted.value.value)}
          pulled={list(shifted.value.pullback(g.value)[0])}
        />
      </div>
      <p class="verdict" aria-live="polite">
        {verdict(list(x), list(exp(x)), list(plain.value.value), list(shifted.value.value))}
      </p>
      <p class="small soft">
        In {dtype.value} exp overflows above {dtype.value === "float64" ? "709.78" : "88.72"} and is 0 below{" "}
        {dtype.value === "float64" ? "−745.13" : "−103.97"}. After subtracting the largest logit, every exponent is ≤ 0,
        one exponent is 0, and D is between 1 and K. A share becomes 0 only if 0 is the nearest number.
      </p>
      <Try
        question="The largest logit depends on x. Why is there no derivative of the maximum in the backward pass?"
        fields={{ shift: "300" }}
      >
        The result does not depend on the shift, so its derivative with respect to the shift is 0: the rows of J sum to
        0. For the same reason, <b>Digits</b> may subtract a constant from g.
      </Try>
    </>
  );
}

interface SideProps {
  readonly title: string;
  readonly given: string;
  readonly logits: readonly number[];
  readonly exps: readonly number[];
  readonly total: number;
  readonly shares: readonly number[];
  readonly pulled: readonly number[];
}

function Side({ title, given, logits, exps, total, shares, pulled }: SideProps) {
  const cell = (x: number, text = short(x, 3)) => <td class={Number.isFinite(x) ? undefined : "wrong-cell"}>{text}</td>;
  const words = [exps, shares, pulled].map((each) => aligned(each, 3)) as [string[], string[], string[]];
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{given}</th>
            <th scope="col">exp</th>
            <th scope="col" class="forward-text">
              s
            </th>
            <th scope="col" class="backward-text">
              x̄
            </th>
          </tr>
        </thead>
        <tbody>
          {logits.map((x, i) => (
            <tr key={i}>
              <td class={x === Infinity || Number.isNaN(x) ? "wrong-cell" : undefined}>{short(x, 6)}</td>
              {cell(exps[i]!, words[0][i])}
              {cell(shares[i]!, words[1][i])}
              {cell(pulled[i]!, words[2][i])}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td>D</td>
            {cell(total)}
            <td />
            <td />
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

function verdict(
  x: readonly number[],
  exps: readonly number[],
  plain: readonly number[],
  safe: readonly number[],
): string {
  if (safe.some(Number.isNaN)) return "No shift helps here: a logit is not a number, or no class takes part.";
  if (exps.some((each) => each === Infinity))
    return `exp(${short(Math.max(...x), 6)}) overflows to ∞. Then ∞ / ∞ is NaN, in the value and in the cotangents.`;
  if (exps.every((each) => each === 0))
    return "Every exp underflows to 0. Then 0 / 0 is NaN, though the exact shares are unchanged.";
  const apart = Math.max(...plain.map((each, i) => (safe[i] === 0 ? each : Math.abs(each / safe[i]! - 1))));
  if (apart > 1e-5)
    return `Both sides are finite, but the left loses digits: a share has the relative error ${short(apart, 2)}.`;
  return "Both sides agree. As long as exp neither overflows nor underflows, the shift changes nothing.";
}
