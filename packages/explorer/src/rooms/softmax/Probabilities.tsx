import { Formula } from "../../parts/Formula.tsx";
import { short } from "../../parts/numbers.ts";
import { Sub } from "../../parts/Sub.tsx";
import { denominator, list, numerators, s, shifted, taking, temperature, total } from "./state.ts";
import { Try } from "./Try.tsx";
import { Wide } from "./Wide.tsx";
import { tex } from "./written.ts";

/**
 * Explains how softmax computes probabilities: the exponential of each logit is divided by D, the sum of all
 * exponentials.
 */
export function Probabilities() {
  const [N, D, shares] = [list(numerators.value), denominator.value, list(s.value)];
  const t = temperature.value;
  const exponents = list(shifted.value);
  const top = shares.indexOf(Math.max(...shares));
  const at = Math.max(top, 0);
  return (
    <>
      <p>
        Softmax turns any K numbers, the <em>logits</em>, into probabilities. exp makes them positive; dividing by their
        sum makes them sum to 1. So each class’s share is its <Sub of="N" i="i" /> divided by the total D.
      </p>
      <Formula
        block
        tex={`s_i = \\frac{N_i}{D} \\qquad N_i = e^{x_i${t === 1 ? "" : " / T"} - m} \\qquad D = \\sum_k N_k`}
      />
      <figure class="strip-figure">
        <div class="strip" role="img" aria-label={`The N laid end to end: ${describe(shares)}`}>
          {shares.map((share, i) => (
            <span key={i} class={i % 2 === 0 ? "even" : "odd"} style={{ width: `${100 * (share || 0)}%` }}>
              {share > 0.07 && (
                <span class="code">
                  <Sub of="N" i={i} />
                </span>
              )}
            </span>
          ))}
        </div>
        <figcaption class="small soft">
          All <Sub of="N" i="i" />, laid end to end, have the length D. If you raise one logit, its share grows, and all
          other shares shrink in the same proportion.
        </figcaption>
      </figure>
      <Wide label="In numbers">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">class</th>
              <th scope="col">
                <Sub of="x" i="i" />
                {t === 1 ? "" : " / T"} − m
              </th>
              <th scope="col">
                <Sub of="N" i="i" /> = exp
              </th>
              <th scope="col" class="forward-text">
                <Sub of="s" i="i" /> = <Sub of="N" i="i" /> / D
              </th>
            </tr>
          </thead>
          <tbody>
            {shares.map((share, i) => (
              <tr key={i} class={taking.value[i] ? undefined : "out"}>
                <th scope="row" class="code">
                  {i}
                </th>
                <td>{taking.value[i] ? short(exponents[i]!) : "left out"}</td>
                <td>{short(N[i]!)}</td>
                <td class="forward-text">{short(share)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">sum</th>
              <td />
              <td>D = {short(D)}</td>
              <td class="forward-text">{short(total.value)}</td>
            </tr>
          </tfoot>
        </table>
      </Wide>
      <Formula
        block
        tex={`s_{${at}} = \\frac{N_{${at}}}{D} = \\frac{${tex(N[at]!)}}{${tex(D)}} = ${tex(shares[at]!)}`}
      />
      <p class="small soft">
        m is the largest logit. Subtracting it prevents overflow of exp and changes no share: see <b>Shift</b>. The
        temperature T divides all logits. As T goes to 0, the largest logit’s share goes to 1; a high T makes the shares
        nearly equal. A class that is not <em>in</em> counts as x = −∞.
      </p>
      <Try
        question="Which difference of logits gives one class three times the share of another?"
        fields={{ x: "1.0986 0", t: undefined, mask: undefined }}
      >
        Shares depend only on differences: sᵢ / sⱼ = exp(xᵢ − xⱼ). A factor of three is a difference of ln 3 ≈ 1.0986.
        Drag all logits by the same amount, and no share changes.
      </Try>
    </>
  );
}

const describe = (shares: readonly number[]): string =>
  shares.map((share, i) => `class ${i} ${short(100 * share, 3)} %`).join(", ");
