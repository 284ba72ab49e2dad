import { useSignal } from "@preact/signals";
import { mul, sum } from "@wengert/ops";
import { useKeys } from "../../page/keys.ts";
import { Formula } from "../../parts/Formula.tsx";
import { aligned, short } from "../../parts/numbers.ts";
import { Indexed, Paragraph, Sub } from "../../parts/Sub.tsx";
import { NumberField } from "./NumberField.tsx";
import { tapeAddress } from "./program.ts";
import { isMoving, show, stage, stages } from "./stages.ts";
import { byMatrix, deviations, g, list, mean, pulled, s, setUpstream, temperature, total, upstream } from "./state.ts";
import { limitOf, place, Track } from "./Track.tsx";
import { Try } from "./Try.tsx";
import { Wide } from "./Wide.tsx";
import { factor, indexed, tex, writeAll } from "./written.ts";

/**
 * Builds the pullback of softmax, x̄ = s ⊙ (g − ⟨g, s⟩) for the cotangent g, in stages. The last stage compares x̄ with
 * the product of the Jacobian and g.
 */
export function Pullback() {
  useKeys([
    { key: "ArrowRight", does: "the next stage of the pullback", run: () => show(stage.peek() + 1) },
    { key: "ArrowLeft", does: "the previous stage of the pullback", run: () => show(stage.peek() - 1) },
  ]);
  const now = stage.value;
  const last = stages.length - 1;
  return (
    <>
      <Paragraph>
        The steps after softmax send back a cotangent g: gᵢ is the change of the loss per change of sᵢ. The sweep needs
        the cotangent of the logits, x̄ⱼ = Σᵢ gᵢ ∂sᵢ/∂xⱼ. That is Jᵀ g, but J is never built. Drag g, then step through
        the stages.
      </Paragraph>
      <div class="stages">
        <button
          type="button"
          class="button"
          aria-label="The previous stage"
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
        <code>softmaxPullback</code>, which computes exactly this.
      </p>
      <Try
        question="Make all g equal. What is x̄, and why?"
        fields={{ g: writeAll(upstream.value.map(() => 2)), stage: "3" }}
      >
        Zero. Every gᵢ equals the mean, so no class is above average. The loss then depends only on the sum of the
        probabilities, which is 1 for all logits.
      </Try>
      <Try
        question="A class with a share near 0 has a large g. Why does its logit get almost no gradient?"
        fields={{ x: "3 2 -4", g: "0 0 5", t: undefined, mask: undefined, stage: "3" }}
      >
        Its deviation is large, but the last stage multiplies it by sᵢ: a logit’s effect scales with the share its class
        already has. So a confident, wrong softmax learns slowly from such a g. Cross-entropy fixes this: its g = −1/sᵢ
        is huge there, sᵢ cancels, and x̄ = s − t remains.
      </Try>
    </>
  );
}

/**
 * Draws each entry of the cotangent g as a bar that starts at 0. When the page explains the weighted mean of g, the
 * bars start at this mean.
 */
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

/** Returns the width and height of a disc whose area is proportional to a probability. */
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
          The cotangent of s has one number per class. A small increase of s₀ raises the loss by {short(gs[0]!)} times
          that increase. But one probability can grow only if others shrink, so only the differences of g between
          classes matter. In the formula, δᵢⱼ is 1 for i = j, and 0 otherwise.
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
          <b>1.</b> Compute the mean of g under the probabilities. Each gᵢ has the weight sᵢ, drawn as the area of a
          disc. The beam balances at the mean.
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
          <b>2.</b> Subtract the mean from each gᵢ. The vertical line is the new zero. Classes on its right raise the
          loss more than the average class, classes on its left raise it less.
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
          <b>3.</b> Multiply by sᵢ, because a logit’s effect scales with the share its class already has. The bars
          shrink to the cotangent of the logits. It sums to 0 up to rounding: if some logits go up, others go down.
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
        <b>The same result by the matrix.</b> The diamonds show Jᵀ g, computed with the whole Jacobian of {K} × {K} ={" "}
        {K * K} numbers. The bars need one inner product and end at the diamonds
        {Number.isNaN(apart)
          ? "."
          : apart === 0
            ? ", equal to the last bit."
            : `, within ${short(apart, 2)} (rounding).`}
      </Paragraph>
      <Formula
        block
        tex={`J^{\\mathsf T} g = ${over}(\\operatorname{diag}(s) - s\\,s^{\\mathsf T})\\, g = ${over}s \\odot (g - \\langle g, s \\rangle)`}
      />
    </>
  );
}

/**
 * Formats a sum of products in TeX, such as 3 · 0.67 + (−1) · 0.24 + …. Long sums show the first two terms and the last
 * one.
 */
function sumOfProducts(gs: readonly number[], shares: readonly number[]): string {
  const terms = gs.map((g, i) => `${factor(g, 3)} \\cdot ${tex(shares[i]!, 3)}`);
  return (terms.length > 4 ? [...terms.slice(0, 2), "\\dots", terms.at(-1)!] : terms).join(" + ");
}

/** A table of the numbers in each stage of softmax's pullback. Stages that the user has not reached are blank. */
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
