import { useSignal } from "@preact/signals";
import { jacobian, type Tensor, tensor, vjp } from "@wengert/core";
import { softmax } from "@wengert/ops";
import { HeatMap } from "../../../explorer/src/parts/HeatMap.tsx";
import { aligned, short } from "../../../explorer/src/parts/numbers.ts";
import { Slider } from "../../../explorer/src/parts/Slider.tsx";

const digits = "₀₁₂";
const one = (x: number) => short(x, 3);

/**
 * Makes sections 3 and 4 of docs/softmax.md interactive: the reader chooses the numbers, and the library computes the
 * softmax s, its Jacobian J and the cotangent x̄ in the page.
 */
export default function Softmax() {
  const x = useSignal([2, 1, 0]);
  const g = useSignal([3, -1, 0.5]);
  const set = (of: typeof x, i: number) => (value: number) => {
    of.value = of.peek().with(i, value);
  };
  const logits = tensor(x.value);
  const { value: s, pullback } = vjp((y: Tensor) => softmax(y), logits);
  const J = jacobian((y: Tensor) => softmax(y))(logits);
  const [back] = pullback(tensor(g.value));
  const [shares, cotangents] = [s, back].map((each) => aligned(each.toNested<number[]>()));
  const most = Math.max(...back.toNested<number[]>().map(Math.abs), 1e-12);
  return (
    <section class="panel live-softmax" aria-label="Softmax, computed in this page">
      <div class="sliders">
        <h3>Logits</h3>
        {x.value.map((value, i) => (
          <Slider
            key={i}
            label={`x${digits[i]}`}
            value={value}
            min={-6}
            max={6}
            step={0.1}
            text={one}
            onInput={set(x, i)}
          />
        ))}
        <h3>Cotangent of s</h3>
        {g.value.map((value, i) => (
          <Slider
            key={i}
            label={`g${digits[i]}`}
            value={value}
            min={-4}
            max={4}
            step={0.1}
            text={one}
            onInput={set(g, i)}
          />
        ))}
      </div>
      <div class="results">
        <h3>s = softmax(x)</h3>
        <ul class="bars code">
          {s.toNested<number[]>().map((share, i) => (
            <li key={i}>
              <Bar of={share} kind="forward" />
              <output>{shares![i]}</output>
            </li>
          ))}
        </ul>
        <h3>x̄ = s ⊙ (g − ⟨g, s⟩)</h3>
        <ul class="bars code" data-cotangent>
          {back.toNested<number[]>().map((value, i) => (
            <li key={i}>
              <Bar of={value / most} kind="backward" />
              <output>{cotangents![i]}</output>
            </li>
          ))}
        </ul>
        <HeatMap
          of={{ shape: J.shape, dtype: J.dtype, data: J.toNested<number[][]>().flat() }}
          name="J = diag(s) − s sᵀ"
          legend={false}
        />
      </div>
      <p class="soft small">
        Computed in this page by <code>vjp</code> and <code>jacobian</code> as you drag. The{" "}
        <a href={`../index.html#/softmax?x=${x.value.join("+")}`}>Softmax room</a> explains each step.
      </p>
    </section>
  );
}

/**
 * Draws a number from −1 to 1 as a bar that starts at 0. Bars of cotangents extend to both sides, bars of probabilities
 * only to the right.
 */
function Bar({ of, kind }: { of: number; kind: "forward" | "backward" }) {
  const isSigned = kind === "backward";
  const [unit, zero] = isSigned ? [50, 50] : [100, 0];
  const style = { left: `${zero + Math.min(of, 0) * unit}%`, width: `${Math.abs(of) * unit}%` };
  return (
    <span class={isSigned ? "track signed" : "track"}>
      <span class={`bar ${kind}`} style={style} />
    </span>
  );
}
