import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Formula } from "../../parts/Formula.tsx";
import { short } from "../../parts/numbers.ts";
import { Slider } from "../../parts/Slider.tsx";
import { Paragraph } from "../../parts/Sub.tsx";
import {
  addToAll,
  type Comparison,
  comparison,
  constants,
  digitsLeft,
  digitsOf,
  lead,
  type Point,
  plus,
  setLead,
  type Way,
  wayNames,
  whileItRises,
  worst,
} from "./digits.ts";
import { type Line, Lines } from "./Lines.tsx";
import { decimal } from "./reference.ts";
import { classes, dtype, g, opensTelling, z } from "./state.ts";
import { Try } from "./Try.tsx";
import { powerTicks } from "./ticks.ts";

const titles: Readonly<Record<Way, string>> = {
  textbook: "Textbook",
  matrix: "Full matrix",
  centered: "Centered: what the library does",
};
const formulas: Readonly<Record<Way, string>> = {
  textbook: "s \\odot g - s\\,\\langle g, s \\rangle",
  matrix: "(\\operatorname{diag}(s) - s\\,s^{\\mathsf T})\\,g",
  centered:
    "\\begin{aligned} h &= g - g_m \\\\ \\bar x &= s \\odot \\left(h - \\frac{\\langle h, s \\rangle}{\\langle 1, s \\rangle}\\right) \\end{aligned}",
};

/**
 * The logit of the most probable class minus the log-sum-exp of the other logits, in the example that compares three
 * formulas of softmax's pullback. With the value 15, two of the formulas lose digits, in float32 and in float64.
 */
const telling = 15;
const keepsAllDigits = ({ errors }: Comparison): boolean =>
  wayNames.every((way) => digitsLeft(worst(errors[way])) === digitsOf(dtype.value));

/**
 * Compares three formulas of softmax's pullback that are equal on paper. If one probability is close to 1, rounding
 * errors cost each formula a different number of digits.
 */
export function Digits() {
  const found = comparison.value;
  return (
    <>
      <p>
        On paper these three formulas are equal. In {dtype.value} they differ once one class has nearly all the
        probability: then g and its mean ⟨g, s⟩ agree in their first digits. Their difference keeps only the last
        digits, which are rounded.
      </p>
      <div class="provoke">
        <Slider
          label="How far the largest logit leads"
          value={Number.isFinite(lead.value) ? Math.min(Math.max(lead.value, 0), 40) : 0}
          min={0}
          max={40}
          step={0.25}
          text={() => (Number.isFinite(lead.value) ? short(lead.value, 3) : "–")}
          onInput={setLead}
        />
        <fieldset class="choice">
          <legend class="unseen">Added to all g</legend>
          <span class="small soft" aria-hidden="true">
            g +
          </span>
          {constants.map((c) => (
            <button key={c} type="button" aria-pressed={plus.value === c} onClick={() => addToAll(c)}>
              {c === 0 ? "0" : short(c)}
            </button>
          ))}
        </fieldset>
      </div>
      {opensTelling.value && (
        <p>
          This part opens with one class far ahead, where two of the formulas have lost digits. Move the slider to see
          when they lose them.
        </p>
      )}
      {found && keepsAllDigits(found) && lead.value < telling && (
        <p>
          With these logits, all three formulas keep all digits.{" "}
          <button type="button" class="button quiet" onClick={() => setLead(telling)}>
            Raise the largest logit until two of them lose digits
          </button>
        </p>
      )}
      {found ? <Ways of={found} /> : <p class="soft">The result is not finite, so there are no digits to count.</p>}
      <Rise />
      <Paragraph>
        The fix: J times a constant vector is 0, so we may subtract a constant from g first. Let h = g − gₘ, where m is
        the class with the largest share. Then hₘ is exactly 0, and the large term, whose rounding caused the error, is
        gone. The other terms have the size of the answer. ⟨1, s⟩ is 1 up to rounding. Dividing by it makes the result
        exactly 0 for a constant h.
      </Paragraph>
      <Try
        question="Add a million to all g. Which formulas change, and should they?"
        fields={{ x: "2 1 0", t: undefined, mask: undefined, plus: "1000000" }}
      >
        None should change, because the rows of J sum to 0. The textbook formula subtracts two numbers near a million
        and loses six more digits. The matrix loses them too, because its rows sum to 0 only up to rounding. The
        centered formula removes the constant in its first subtraction.
      </Try>
    </>
  );
}

function Ways({ of: { exact, found, errors } }: { of: Comparison }) {
  const digits = digitsOf(dtype.value) + 1;
  return (
    <div class="ways">
      {wayNames.map((way) => {
        const error = worst(errors[way]);
        const left = digitsLeft(error);
        return (
          <section key={way} class={`way ${way}`} aria-label={titles[way]}>
            <h3>{titles[way]}</h3>
            <Formula block tex={formulas[way]} />
            <p class="meter" aria-hidden="true">
              {Array.from({ length: digits - 1 }, (_, k) => (
                <span key={k} class={k < left ? "kept" : "lost"} />
              ))}
            </p>
            <p class="small">
              {digitsInWords(left, digits - 1)}
              {error > 0 && <span class="soft">, error {short(error, 2)}</span>}
            </p>
            <ol class="components code" start={0}>
              {found[way].map((x, i) => (
                <li key={i} value={i}>
                  <Marked x={x} digits={digits} right={digitsLeft(errors[way][i]!)} />
                </li>
              ))}
            </ol>
          </section>
        );
      })}
      <section class="way exact" aria-label="Exact">
        <h3>Exact</h3>
        <p class="small soft">
          From the same z and g, computed with integers of {exact.bits} bits and rounded to {digits} digits.
        </p>
        <ol class="components code" start={0}>
          {exact.pulled.map((x, i) => (
            <li key={i} value={i}>
              {decimal(x, exact.bits, digits)}
            </li>
          ))}
        </ol>
      </section>
    </div>
  );
}

const digitsInWords = (left: number, all: number): string =>
  left === all
    ? "All digits right"
    : left === 0
      ? "No digit right"
      : left === 1
        ? "One digit right"
        : `${left} digits right`;

/** Shows a number and marks the digits that are wrong. */
function Marked({ x, digits, right }: { x: number; digits: number; right: number }) {
  if (x === 0 || !Number.isFinite(x)) return <span class={right < 1 ? "wrong-digits" : undefined}>{short(x)}</span>;
  const [mantissa, exponent] = x
    .toExponential(digits - 1)
    .replaceAll("-", "−")
    .replace("e+", "e")
    .split("e") as [string, string];
  const whole = right >= digits - 1;
  const sign = mantissa.startsWith("−") ? 1 : 0;
  const upTo = whole ? mantissa.length : right === 0 ? 0 : sign + right + 1; // + 1 for the decimal point
  return (
    <>
      {mantissa.slice(0, upTo)}
      {upTo < mantissa.length && <s class="wrong-digits">{mantissa.slice(upTo)}</s>}e{exponent}
    </>
  );
}

const strokes: Readonly<Record<Way, Omit<Line, "points">>> = {
  textbook: { name: "textbook", lower: -8, color: "var(--wrong)" },
  matrix: { name: "full matrix", lower: 8, color: "var(--ink-soft)", dash: "5 3" },
  centered: { name: "centered", color: "var(--right)", width: 3 },
};

/**
 * Plots the errors of three formulas for softmax's pullback as the largest probability goes to 1. Redraws only when the
 * user pauses, because a plot evaluates each formula for 33 inputs.
 */
function Rise() {
  const points = useSignal<readonly Point[]>([]);
  const [zs, gs, constant, count, lies] = [z.value, g.value, plus.value, classes.value, lead.value];
  useEffect(() => {
    const timer = setTimeout(() => (points.value = whileItRises()), 120);
    return () => clearTimeout(timer);
  }, [zs, gs, constant, count]);
  const shown = points.value;
  const rest = 1 / (1 + Math.exp(lies));
  if (shown.length === 0) return null;
  const rests = shown.map((point) => point.rest);
  const errors = shown.map((point) => point.error);
  const [least, most] = [Math.min(...errors), Math.max(worst(errors), 10 * Math.min(...errors))];
  const [nearest, farthest] = [Math.min(...rests), Math.max(...rests)];
  return (
    <figure class="rise">
      <Lines
        label={`Worst relative error of each formula as the largest share goes to 1: those of textbook and matrix grow to ${short(most, 1)}, that of the centered formula stays at ${short(worst(shown.filter(({ way }) => way === "centered").map(({ error }) => error)), 1)}`}
        height={264}
        x={{
          label: "1 − largest share",
          range: [farthest, nearest],
          ticks: powerTicks(nearest, farthest, 6),
          isLog: true,
          format: power,
        }}
        y={{
          label: "worst relative error",
          range: [least, most],
          ticks: powerTicks(least, most, 6),
          isLog: true,
          format: power,
        }}
        lines={wayNames.map((way) => ({
          ...strokes[way],
          points: shown.filter((point) => point.way === way).map(({ rest, error }) => [rest, error]),
        }))}
        mark={rest >= nearest && rest <= farthest ? rest : undefined}
      />
      <figcaption class="small soft">
        The largest relative error of any component, while only the largest logit rises. Red: textbook; dashed: full
        matrix; thick green: centered. The blue line marks the current logits.
      </figcaption>
    </figure>
  );
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (x: number): string =>
  `10${String(Math.round(Math.log10(x)))
    .replace("-", "⁻")
    .replace(/\d/g, (digit) => superscripts[Number(digit)]!)}`;
