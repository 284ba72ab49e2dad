import { useSignal } from "@preact/signals";
import { mul, sum } from "@wengert/ops";
import { useKeys } from "../../page/keys.ts";
import { Formula } from "../../parts/Formula.tsx";
import { aligned, short } from "../../parts/numbers.ts";
import { NumberField } from "./NumberField.tsx";
import { tapeAddress } from "./program.ts";
import { Indexed, Paragraph, Sub } from "./Sub.tsx";
import { isMoving, show, stage, stages } from "./stages.ts";
import { byMatrix, deviations, g, list, mean, pulled, s, setUpstream, temperature, total, upstream } from "./state.ts";
import { limitOf, place, Track } from "./Track.tsx";
import { Try } from "./Try.tsx";
import { Wide } from "./Wide.tsx";
import { factor, indexed, tex, writeAll } from "./written.ts";

/** x̄ = s ⊙ (g − ⟨g, s⟩), one stage after the other, then against the matrix. */
export function Pullback() {
  useKeys([
    { key: "ArrowRight", does: "the next stage of the pullback", run: () => show(stage.peek() + 1) },
    { key: "ArrowLeft", does: "the stage before", run: () => show(stage.peek() - 1) },
  ]);
  const now = stage.value;
  const last = stages.length - 1;
  return (
    <>
      <Paragraph>
        From what comes after softmax a cotangent comes back: gᵢ says how much the loss grows with sᵢ. The sweep asks
        for the cotangent of the logits, x̄ⱼ = Σᵢ gᵢ ∂sᵢ/∂xⱼ. That is Jᵀ g, but J is never built. Drag g, then go through
        the stages.
      </Paragraph>
      <div class="stages">
        <button
          type="button"
          class="button"
          aria-label="The stage before"
          disabled={now === 0}
          onClick={() => show(now - 1)}
        >
          ‹
        </button>
        <ol aria-label="Stages">
          {stages.map((name, k) => (
            <li key={name}>
              <button
                type="button"
                aria-current={k === now ? "step" : undefined}
                class={k <= now ? "reached" : undefined}
                onClick={() => show(k)}
              >
                <Indexed>{name}</Indexed>
              </button>
            </li>
          ))}
        </ol>
        <button
          type="button"
          class="button"
          aria-label="The next stage"
          disabled={now === last}
          onClick={() => show(now + 1)}
        >
          ›
        </button>
      </div>
      <Beam />
      <div class="stage-words" aria-live="polite">
        <Words />
      </div>
      <Figures />
      <p class="small soft">
        <a href={tapeAddress()}>Step through it on the tape</a>, with these numbers: the rule of softmax is one op,{" "}
        <code>softmaxPullback</code>, which computes this and nothing else.
      </p>
      <Try
        question="Make all g equal. What comes back, and why?"
        fields={{ g: writeAll(upstream.value.map(() => 2)), stage: "3" }}
      >
        Nothing. Every gᵢ is the mean, so no class is better than average. If the loss cares for all probabilities
        alike, then it cares for none, since they add up to 1 whatever the logits are.
      </Try>
      <Try
        question="A class with a share near 0 has a large g. Why does its logit hardly feel it?"
        fields={{ x: "3 2 -4", g: "0 0 5", t: undefined, mask: undefined, stage: "3" }}
      >
        Its deviation is large, but the last stage multiplies it by sᵢ: a logit can move only what its class has. That
        is why a softmax that is sure and wrong learns slowly from such a g, and why cross-entropy, whose g = −1/sᵢ is
        huge there, puts it right: sᵢ cancels, and x̄ = s − t is left.
      </Try>
    </>
  );
}

/** g as bars and weights, about a line that is 0 first and then the mean. */
function Beam() {
  const now = stage.value;
  const gs = upstream.value;
  const held = useSignal<number | undefined>(undefined);
  const limit = held.value ?? limitOf(gs, 5);
  const shares = list(s.value);
  const middle = mean.value;
  const [away, found, product] = [list(deviations.value), list(pulled.value), list(byMatrix.value)];
  const isBalanced = now >= 1 && Number.isFinite(middle);
  const origin = isBalanced ? middle : 0;
  const end = (i: number) => (now < 2 ? gs[i]! : now === 2 ? middle + away[i]! : middle + found[i]!);
  const shown = now < 2 ? gs : now === 2 ? away : found;
  const words = aligned(shown);
  const heads = ["gᵢ", "gᵢ", "gᵢ − ⟨g, s⟩", "x̄ᵢ", "x̄ᵢ"];
  return (
    <div class={isMoving.value ? "beam moving" : "beam"}>
      <div class="beam-row heads small soft" aria-hidden="true">
        <span />
        <span>cotangent of s, ±{short(limit)}</span>
        <span>g</span>
        <span class="backward-text">
          <Indexed>{heads[now]}</Indexed>
        </span>
      </div>
      {gs.map((value, i) => (
        <div class="beam-row" key={i}>
          <span class="name code">
            <Sub of="g" i={i} />
          </span>
          <Track
            label={`cotangent ${indexed("g", i)}`}
            value={value}
            limit={limit}
            phase="backward"
            bar={now < 2 ? [0, value] : [origin, end(i)]}
            onInput={(to) => setUpstream(i, to)}
            onHold={(on) => (held.value = on ? limit : undefined)}
          >
            {isBalanced && (
              <>
                <span class="mean-line" style={{ left: `${place(origin, limit)}%` }} />
                <span class="weight" style={{ left: `${place(value, limit)}%`, ...diameter(shares[i]!) }} />
              </>
            )}
            {now === 4 && Number.isFinite(product[i]!) && (
              <span class="by-matrix" style={{ left: `${place(middle + product[i]!, limit)}%` }} />
            )}
          </Track>
          <NumberField
            label={`cotangent ${indexed("g", i)}, as a number`}
            value={value}
            onInput={(to) => setUpstream(i, to)}
          />
          <output class="code numbers backward-text" aria-label={`${heads[now]} of class ${i}`}>
            {words[i]}
          </output>
        </div>
      ))}
      <div class="beam-row balance" aria-hidden="true">
        <span />
        <span class="lever">
          {isBalanced && (
            <>
              <span class="bar" />
              {gs.map((value, i) => (
                <span key={i} class="weight" style={{ left: `${place(value, limit)}%`, ...diameter(shares[i]!) }} />
              ))}
              <span class="fulcrum" style={{ left: `${place(origin, limit)}%` }} />
              <span
                class="fulcrum-label code small"
                style={{ left: `${Math.min(Math.max(place(origin, limit), 18), 82)}%` }}
              >
                ⟨g, s⟩ = {short(middle)}
              </span>
            </>
          )}
        </span>
      </div>
    </div>
  );
}

/** A disc whose area is the share. */
const diameter = (share: number) => {
  const size = `${(26 * Math.sqrt(share || 0)).toFixed(2)}px`;
  return { width: size, height: size };
};

function Words() {
  const now = stage.value;
  const [gs, shares, middle] = [upstream.value, list(s.value), mean.value];
  const found = list(pulled.value);
  const away = list(deviations.value);
  const over = temperature.value === 1 ? "" : `\\tfrac{1}{${tex(temperature.value)}}\\,`;
  const k = Math.max(0, shares.indexOf(Math.max(...shares)));
  if (now === 0)
    return (
      <>
        <Paragraph>
          What came down: one number a class. Raising s₀ by a little raises the loss by {short(gs[0]!)} of it. But
          probabilities can only be traded against each other, so what counts is not g, but how it differs from class to
          class.
        </Paragraph>
        <Formula
          block
          tex={`\\bar x_j = \\sum_i g_i \\frac{\\partial s_i}{\\partial x_j} = ${over}\\sum_i g_i \\, s_i \\, (\\delta_{ij} - s_j)`}
        />
      </>
    );
  if (now === 1)
    return (
      <>
        <Paragraph>
          <b>1.</b> The mean of g under the probabilities. Each gᵢ weighs as much as its sᵢ, drawn as the area of a
          disc: the beam balances at the mean.
        </Paragraph>
        <Formula
          block
          tex={`\\langle g, s \\rangle = \\sum_i g_i s_i = ${sumOfProducts(gs, shares)} = ${tex(middle)}`}
        />
      </>
    );
  if (now === 2)
    return (
      <>
        <Paragraph>
          <b>2.</b> How far each gᵢ lies from the mean. The line is the new zero: on its right are the classes that
          raise the loss more than the average class does, on its left those that raise it less.
        </Paragraph>
        <Formula
          block
          tex={`g_{${k}} - \\langle g, s \\rangle = ${tex(gs[k]!)} - ${factor(middle)} = ${tex(away[k]!)}`}
        />
      </>
    );
  if (now === 3)
    return (
      <>
        <Paragraph>
          <b>3.</b> Times sᵢ: a logit moves its own share only by as much as it has. The bars shrink, and what is left
          is the cotangent of the logits. It adds up to 0, but for rounding: what pushes one logit up pulls others down.
        </Paragraph>
        <Formula
          block
          tex={`\\bar x_{${k}} = ${over}s_{${k}} \\, (g_{${k}} - \\langle g, s \\rangle) = ${over}${tex(shares[k]!)} \\cdot ${factor(away[k]!)} = ${tex(found[k]!)}`}
        />
      </>
    );
  const product = list(byMatrix.value);
  const apart = Math.max(...found.map((x, i) => Math.abs(x - product[i]!)));
  const K = gs.length;
  return (
    <>
      <Paragraph>
        <b>The same by the matrix.</b> Diamonds: Jᵀ g with the whole Jacobian, {K} × {K} = {K * K} numbers. The bars
        took one inner product, and end at the diamonds
        {Number.isNaN(apart)
          ? "."
          : apart === 0
            ? ": to the last bit."
            : `: at most ${short(apart, 2)} apart, by rounding.`}
      </Paragraph>
      <Formula
        block
        tex={`J^{\\mathsf T} g = ${over}(\\operatorname{diag}(s) - s\\,s^{\\mathsf T})\\, g = ${over}s \\odot (g - \\langle g, s \\rangle)`}
      />
    </>
  );
}

/** 3 · 0.67 + (−1) · 0.24 + …: the first three, and the last. */
function sumOfProducts(gs: readonly number[], shares: readonly number[]): string {
  const terms = gs.map((g, i) => `${factor(g, 3)} \\cdot ${tex(shares[i]!, 3)}`);
  return (terms.length > 4 ? [...terms.slice(0, 2), "\\dots", terms.at(-1)!] : terms).join(" + ");
}

/** All stages in numbers; those to come are blank. */
function Figures() {
  const now = stage.value;
  const gs = upstream.value;
  const shares = list(s.value);
  const columns: readonly (readonly [title: string, from: number, values: readonly number[], forward?: boolean])[] = [
    ["gᵢ", 0, gs],
    ["sᵢ", 0, shares, true],
    ["gᵢ sᵢ", 1, list(mul(g.value, s.value))],
    ["gᵢ − ⟨g, s⟩", 2, list(deviations.value)],
    ["x̄ᵢ", 3, list(pulled.value)],
    ["(Jᵀ g)ᵢ", 4, list(byMatrix.value)],
  ];
  const words = columns.map(([, , values]) => aligned(values));
  const sums = [
    undefined,
    short(total.value),
    short(mean.value),
    undefined,
    short(sum(pulled.value).item(), 2),
    short(sum(byMatrix.value).item(), 2),
  ];
  const progress = (from: number): string => (from > now ? " coming" : from === now ? " newest" : "");
  return (
    <Wide label="The stages in numbers">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">class</th>
            {columns.map(([title, from, , forward]) => (
              <th key={title} scope="col" class={`${forward ? "forward-text" : "backward-text"}${progress(from)}`}>
                <Indexed>{title}</Indexed>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {gs.map((_, i) => (
            <tr key={i}>
              <th scope="row" class="code">
                {i}
              </th>
              {columns.map(([title, from], k) => (
                <td key={title} class={progress(from)}>
                  {from > now ? "·" : words[k]![i]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">sum</th>
            {columns.map(([title, from], k) => (
              <td key={title} class={progress(from)}>
                {sums[k] === undefined ? "" : from > now ? "·" : sums[k]}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
    </Wide>
  );
}
