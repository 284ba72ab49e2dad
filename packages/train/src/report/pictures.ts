import { abs } from "@wengert/ops";
import { type Content, type Html, html } from "./html.ts";
import { imageOf, signedImage } from "./images.ts";
import type { Mistake, Subject } from "./subject.ts";
import { percent, short } from "./words.ts";

/** What each class looks for: an image of what speaks for it, and what against. */
export function weights({ options, classes }: Subject): Html | undefined {
  const { weights, notes } = options;
  if (weights === undefined) return undefined;
  const [, height, width] = weights.shape;
  const sizes = Float64Array.from(abs(weights).data.data).sort();
  const largest = sizes[Math.floor(0.995 * sizes.length)] || 1; // a few extreme pixels must not bleach all others
  const figures = classes.map(
    (
      name,
      k,
    ) => html`<figure><img src="${signedImage(weights, k, largest)}" alt="weights of ${short(name)}" width="${width}"
height="${height}"><figcaption>${short(name)}</figcaption></figure>`,
  );
  return html`<section>
<h2>What it looks for</h2>
<p>${notes?.weights ?? "The weights of each class, laid out as the image they are multiplied with."} Where it is <b class="for">blue</b>,
${options.ink ? "ink" : "a brighter pixel"} speaks for the class, where it is <b class="against">orange</b> against it; where nothing is, it says nothing.</p>
<div class="weights${classes.length <= 4 && " few"}">${figures}</div>
<p class="note">One scale for all: full colour from ±${largest.toPrecision(2)} on.</p>
</section>
`;
}

/** The wrong guesses of the highest probability. */
export function mistakes(subject: Subject): Html {
  const { mistakes, options } = subject;
  const usual =
    mistakes.length === 0
      ? "None: every row was guessed right."
      : "The rows whose wrong guess got the highest probability.";
  return html`<section>
<h2>Most confidently wrong</h2>
<p>${options.notes?.mistakes ?? usual}</p>
<div class="mistakes">${mistakes.map((mistake) => card(mistake, subject))}</div>
</section>
`;
}

function card({ row, label, guess, probabilities }: Mistake, { options, classes, nameOf }: Subject): Html {
  const { images, ink = false, rows } = options;
  const [name, is, taken] = [short(nameOf(row), 60), short(classes[label]!, 30), short(classes[guess]!, 30)];
  const [, height, width] = images?.shape ?? [];
  const picture =
    images &&
    html`<img${ink && html` class="ink"`} src="${imageOf(images, row, ink)}" alt="${name}: ${is}" width="${width}"
height="${height}">\n`;
  const title = (rows !== undefined || !images) && html`<b>${name}</b><br>\n`;
  return html`<figure class="mistake${!images && " bare"}">
${picture}<figcaption>${title}Is <b class="truth">${is}</b> (${percent(probabilities[label]!)}),
taken for <b class="guess">${taken}</b> (${percent(probabilities[guess]!)})</figcaption>
${bars(probabilities, classes, { label, guess })}
</figure>
`;
}

/** The probabilities of a row as bars: beside each other where the names are short, else below, and then only the highest. */
function bars(
  probabilities: readonly number[],
  classes: readonly string[],
  at: { label: number; guess: number },
): Html {
  const all = probabilities.map((p, k) => ({
    p,
    name: classes[k]!,
    kind: k === at.label ? "truth" : k === at.guess ? "guess" : "other",
  }));
  if (all.length <= 12 && classes.every((name) => [...name].length <= 3)) {
    const cells = all.map(
      ({ p, name, kind }) =>
        html`<td class="${kind}"><span class="bar"><i style="height: ${(100 * p).toFixed(1)}%"></i></span><b>${name}</b>${cent(p)}</td>`,
    );
    return html`<table class="upright"><caption>probabilities in %</caption><tbody><tr>${cells}</tr></tbody></table>`;
  }
  const shown = all.toSorted((a, b) => b.p - a.p).filter(({ kind }, place) => place < 5 || kind === "truth");
  const rest = all.length - shown.length;
  const lines = shown.map(
    ({ p, name, kind }) => html`<tr class="${kind}"><th scope="row">${short(name)}</th>
<td class="bar"><i style="width: ${(100 * p).toFixed(1)}%"></i></td><td>${cent(p)}</td></tr>`,
  );
  return html`<table class="level"><caption>probabilities in %${rest > 0 && `, without the ${rest === 1 ? "" : `${rest} `}lowest`}</caption>
<tbody>${lines}</tbody></table>`;
}

/** A probability in per cent, at most four characters. */
function cent(probability: number): Content {
  const value = 100 * probability;
  return value >= 99.95 ? "100" : value < 0.05 ? "0" : value.toFixed(1);
}
