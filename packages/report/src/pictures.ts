import { abs } from "@wengert/ops";
import { type Content, type Html, html } from "./html.ts";
import { imageUrl, signedImageUrl } from "./images.ts";
import type { Mistake, Subject } from "./subject.ts";
import { percentText, shortName } from "./words.ts";

/** Shows the weights of each class as an image. Evidence for the class is blue, evidence against it orange. */
export function weightsSection({ options, classes }: Subject): Html | undefined {
  const { weights, notes } = options;
  if (weights === undefined) return undefined;
  const [, height, width] = weights.shape;
  const sizes = Float64Array.from(abs(weights).data.data).sort();
  const largest = sizes[Math.floor(0.995 * sizes.length)] || 1; // ignores the few largest weights, which would make all other pixels pale
  const figures = classes.map(
    (
      name,
      k,
    ) => html`<figure><img src="${signedImageUrl(weights, k, largest)}" alt="weights of ${shortName(name)}" width="${width}"
height="${height}"><figcaption>${shortName(name)}</figcaption></figure>`,
  );
  return html`<section>
<h2>Weights by class</h2>
<p>${notes?.weights ?? "The weights of each class, in the layout of the image that they multiply."} Where an image is <b class="for">blue</b>,
${options.ink ? "ink" : "a brighter pixel"} raises the score of the class; where it is <b class="against">orange</b>, it lowers the score. Pale pixels have little effect.</p>
<div class="weights${classes.length <= 4 && " few"}">${figures}</div>
<p class="note">All images use one scale, with full color from ±${largest.toPrecision(2)}.</p>
</section>
`;
}

/** Shows the worst mistakes: the wrong predictions with the highest probability. */
export function mistakesSection(subject: Subject): Html {
  const { mistakes, options } = subject;
  const defaultNote =
    mistakes.length === 0
      ? "None: every prediction is correct."
      : "The wrong predictions with the highest probability.";
  return html`<section>
<h2>Most confident mistakes</h2>
<p>${options.notes?.mistakes ?? defaultNote}</p>
<div class="mistakes">${mistakes.map((mistake) => card(mistake, subject))}</div>
</section>
`;
}

function card({ row, label, guess, probabilities }: Mistake, { options, classes, nameOf }: Subject): Html {
  const { images, ink = false, rows } = options;
  const [name, trueClass, predictedClass] = [
    shortName(nameOf(row), 60),
    shortName(classes[label]!, 30),
    shortName(classes[guess]!, 30),
  ];
  const [, height, width] = images?.shape ?? [];
  const picture =
    images &&
    html`<img${ink && html` class="ink"`} src="${imageUrl(images, row, ink)}" alt="${name}: ${trueClass}" width="${width}"
height="${height}">\n`;
  const title = (rows !== undefined || !images) && html`<b>${name}</b><br>\n`;
  return html`<figure class="mistake${!images && " bare"}">
${picture}<figcaption>${title}True class <b class="truth">${trueClass}</b> (${percentText(probabilities[label]!)}),
predicted <b class="guess">${predictedClass}</b> (${percentText(probabilities[guess]!)})</figcaption>
${bars(probabilities, classes, { label, guess })}
</figure>
`;
}

/**
 * Shows the class probabilities of a row as bars. If class names are short, the bars are side by side. Otherwise the
 * highest bars form a list.
 */
function bars(
  probabilities: readonly number[],
  classes: readonly string[],
  at: { label: number; guess: number },
): Html {
  const entries = probabilities.map((p, k) => ({
    p,
    name: classes[k]!,
    kind: k === at.label ? "truth" : k === at.guess ? "guess" : "other",
  }));
  if (entries.length <= 12 && classes.every((name) => [...name].length <= 3)) {
    const cells = entries.map(
      ({ p, name, kind: role }) =>
        html`<td class="${role}"><span class="bar"><i style="height: ${(100 * p).toFixed(1)}%"></i></span><b>${name}</b>${probabilityText(p)}</td>`,
    );
    return html`<table class="upright"><caption>probabilities in %</caption><tbody><tr>${cells}</tr></tbody></table>`;
  }
  const shown = entries.toSorted((a, b) => b.p - a.p).filter(({ kind: role }, place) => place < 5 || role === "truth");
  const rest = entries.length - shown.length;
  const lines = shown.map(
    ({ p, name, kind: role }) => html`<tr class="${role}"><th scope="row">${shortName(name)}</th>
<td class="bar"><i style="width: ${(100 * p).toFixed(1)}%"></i></td><td>${probabilityText(p)}</td></tr>`,
  );
  return html`<table class="level"><caption>probabilities in %${rest > 0 && `, without the ${rest === 1 ? "" : `${rest} `}lowest`}</caption>
<tbody>${lines}</tbody></table>`;
}

/** Formats a probability in percent, with at most four characters. */
function probabilityText(probability: number): Content {
  const value = 100 * probability;
  return value >= 99.95 ? "100" : value < 0.05 ? "0" : value.toFixed(1);
}
