import { Formula } from "../../parts/Formula.tsx";
import { short } from "../../parts/numbers.ts";
import { Paragraph } from "../../parts/Sub.tsx";
import { Jacobian } from "./Jacobian.tsx";
import { cell, denominator, list, matrix, numerators, rowSums, s, temperature } from "./state.ts";
import { Try } from "./Try.tsx";
import { factor, indexed, tex } from "./written.ts";

/** Shows the Jacobian of softmax, and derives the selected cell by the quotient rule. */
export function QuotientRule() {
  const [i, j] = cell.value;
  const value = matrix.value.toNested<number[][]>()[i]![j]!;
  const over = temperature.value === 1 ? "" : "\\tfrac1T\\,";
  return (
    <>
      <Paragraph>
        Change one logit, xⱼ. Its numerator changes, and so does D, the denominator of every share. So <em>every</em> sᵢ
        changes. The K × K matrix of derivatives ∂sᵢ/∂xⱼ, the Jacobian, says by how much. Here the library computes it
        on its tape. Point at a cell.
      </Paragraph>
      <div class="two">
        <div class="map">
          <Jacobian />
          <p class="told">
            <span class="code">
              ∂{indexed("s", i)}/∂{indexed("x", j)} = {short(value)}
            </span>{" "}
            {inWords(i, j, value)}
          </p>
        </div>
        <Derivation i={i} j={j} value={value} />
      </div>
      <Paragraph>
        The result contains only s, not N or D, so the backward pass needs only the output of softmax. One formula
        covers both cases, where δᵢⱼ is 1 on the diagonal and 0 elsewhere. On the right it is written as a matrix:
      </Paragraph>
      <Formula
        block
        tex={`\\frac{\\partial s_i}{\\partial x_j} = ${over}s_i\\,(\\delta_{ij} - s_j) \\qquad J = ${over === "" ? matrixTex : `${over}(${matrixTex})`}`}
      />
      <Try
        question={`Add up row ${i}. Why is it 0 for all logits?`}
        fields={{ x: "1 -2 3 0", cell: "1 0", t: undefined, mask: undefined }}
      >
        The library gives {short(list(rowSums.value)[i]!)}
        {Math.abs(list(rowSums.value)[i]!) > 0 ? ", which is 0 up to rounding" : ""}. sᵢ(1 − sᵢ) − sᵢ Σⱼ≠ᵢ sⱼ = 0,
        because the other shares sum to 1 − sᵢ. So raising <em>all</em> logits by the same amount changes no share. J is
        symmetric, so its columns sum to 0 too: the other classes lose what one class gains.
      </Try>
    </>
  );
}

const matrixTex = "\\operatorname{diag}(s) - s\\,s^{\\mathsf T}";

const inWords = (i: number, j: number, value: number): string => {
  if (Number.isNaN(value)) return "No derivative: a share is not finite.";
  if (value === 0) return "A share of 0 stays 0, so this derivative is 0.";
  if (i === j) return `Raise ${indexed("x", j)}, and its own share grows.`;
  return `Raise ${indexed("x", j)}, and ${indexed("s", i)} shrinks: D grows, but its numerator does not.`;
};

function Derivation({ i, j, value }: { i: number; j: number; value: number }) {
  const [N, D, shares] = [list(numerators.value), denominator.value, list(s.value)];
  const t = temperature.value;
  const [Ni, Nj, si, sj] = [tex(N[i]!), tex(N[j]!), tex(shares[i]!), tex(shares[j]!)];
  const same = i === j;
  const d = (of: string) => `\\frac{\\partial ${of}}{\\partial x_{${j}}}`;
  const over = t === 1 ? "" : `\\tfrac{1}{${tex(t)}}\\,`;
  const lines: readonly (readonly [string, string])[] = [
    [
      "First the derivatives of numerator and denominator. The exponential is its own derivative, and only one term of the sum moves.",
      `${d(`N_{${i}}`)} = ${over}${same ? `N_{${i}} = ${over}${Ni}` : "0"} \\qquad ${d("D")} = ${over}N_{${j}} = ${over}${Nj}`,
    ],
    [
      "The quotient rule: (derivative of the numerator × denominator − numerator × derivative of the denominator) / denominator².",
      `\\begin{aligned} ${d(`s_{${i}}`)} &= ${over}\\frac{${same ? `N_{${i}}` : "0"} \\cdot D - N_{${i}} \\, N_{${j}}}{D^2} \\\\[2ex] &= ${over}\\frac{${same ? Ni : "0"} \\cdot ${tex(D)} - ${Ni} \\cdot ${Nj}}{${factor(D)}^2} \\end{aligned}`,
    ],
    [
      same ? "N over D is s, and (D − N) over D is 1 − s:" : "The first term is 0. N over D is s, twice:",
      same
        ? `\\begin{aligned} &= ${over}\\frac{N_{${i}}}{D} \\cdot \\frac{D - N_{${i}}}{D} \\\\[2ex] &= ${over}s_{${i}}\\,(1 - s_{${i}}) = ${over}${si} \\cdot (1 - ${si}) \\end{aligned}`
        : `\\begin{aligned} &= -${over}\\frac{N_{${i}}}{D} \\cdot \\frac{N_{${j}}}{D} \\\\[2ex] &= -${over}s_{${i}}\\, s_{${j}} = -${over}${si} \\cdot ${sj} \\end{aligned}`,
    ],
    ["And the tape computes:", `${d(`s_{${i}}`)} = ${tex(value)}`],
  ];
  return (
    <ol class="derivation" aria-label={`The quotient rule for ∂${indexed("s", i)}/∂${indexed("x", j)}`}>
      {lines.map(([words, formula], k) => (
        <li key={k}>
          <p class="small soft">{words}</p>
          <Formula block tex={formula} />
        </li>
      ))}
    </ol>
  );
}
