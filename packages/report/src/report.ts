import type { History } from "@wengert/train";
import { classSection, confusionSection } from "./confusion.ts";
import { curvesSection } from "./curves.ts";
import { type Content, type Html, html } from "./html.ts";
import { head, type KeyFigures, page } from "./page.ts";
import { mistakesSection, weightsSection } from "./pictures.ts";
import { reliabilitySection } from "./reliability.ts";
import { type ReportOptions, type Subject, subjectOf } from "./subject.ts";
import { decimalText, integerText, percentText } from "./words.ts";

/**
 * Returns a report page about a fitted classifier, as one HTML file that loads no other files and runs no scripts. The
 * page shows learning curves, the confusion matrix, precision and recall, calibration and the worst mistakes, and
 * optionally images, weights and a tape. `history` is the history of a fit or a list of histories, for example of the
 * fits of a cross-validation. Strings are escaped. Options of type `Content` also accept HTML made with `html`.
 *
 * Equal arguments give equal pages. `report` runs in Node and in a browser.
 *
 * @throws ArgumentError, ShapeError, DTypeError, OutOfRangeError for invalid or incompatible arguments
 */
export async function report(history: History | readonly History[], options: ReportOptions): Promise<string> {
  const subject = subjectOf(history, options);
  const { notes = {}, sections, title } = subject.options;
  const body = [
    headSection(subject),
    curvesSection(subject.histories, subject.options.heldOut!, notes.curves),
    confusionSection(subject.matrix, notes.confusion),
    classSection(subject.matrix, notes.classes),
    reliabilitySection(subject.calibration, notes.calibration),
    weightsSection(subject),
    mistakesSection(subject),
    sections,
    tapeSection(subject.options),
  ];
  return page({ title: `${title}: ${percentText(subject.matrix.accuracy)}`, body, style });
}

function headSection({ options, matrix, loss, calibration, count }: Subject): Html {
  const figures: KeyFigures = [
    [percentText(matrix.accuracy), `correct, of ${integerText(count)} held-out rows`],
    [decimalText(loss), "loss (cross-entropy)"],
    [percentText(calibration.expectedError), "calibration error"],
  ];
  const { title, lead, command } = options;
  return head({ title, lead, command, figures: [...figures, ...(options.figures ?? [])] });
}

const maxLines = 40;

function tapeSection({ tape, notes }: ReportOptions): Content {
  if (tape === undefined) return undefined;
  const lines = tape.trimEnd().split("\n");
  const omitted = lines.length - maxLines;
  return html`<section>
<h2>The tape of one step</h2>
<p>${notes?.tape ?? "All operations of a step, recorded in order while it ran."}</p>
<pre tabindex="0">${lines.slice(0, maxLines).join("\n")}${omitted > 0 && `\n… and ${omitted} more lines`}</pre>
</section>
`;
}

const style = `.for { color: var(--blue); }
.against { color: var(--orange); }
.weights { display: grid; grid-template-columns: repeat(auto-fill, minmax(max(4rem, 9%), 1fr)); gap: .75rem;
  margin-bottom: 1rem; }
@media (min-width: 40rem) { .weights { grid-template-columns: repeat(5, 1fr); } }
@media (min-width: 64rem) { .weights { grid-template-columns: repeat(10, 1fr); } }
.weights.few { grid-template-columns: repeat(auto-fill, minmax(9rem, 12rem)); }
.weights img { border: 1px solid var(--line); border-radius: .25rem; }
.weights figcaption { text-align: center; font-size: 1rem; color: var(--ink); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1.25rem; }
.mistake { display: grid; grid-template-columns: 4.5rem 1fr; gap: .75rem; align-items: center; padding: .9rem;
  background: var(--raised); border: 1px solid var(--line); border-radius: .4rem; }
.mistake.bare { grid-template-columns: 1fr; align-content: space-between; }
.mistake figcaption { margin: 0; font-variant-numeric: tabular-nums; min-width: 0; }
.mistake table { grid-column: 1 / -1; width: 100%; table-layout: fixed; border-collapse: separate; }
.mistake caption { caption-side: bottom; text-align: left; color: var(--muted); font: .75rem var(--data); padding-top: .3rem; }
.mistake :is(td, th) { padding: 0; font-size: .6875rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.mistake .truth i { background: var(--orange); }
.mistake .guess i { background: var(--blue); }
.mistake i { background: var(--muted); }
.upright { border-spacing: 2px 0; }
.upright td { text-align: center; }
.upright td b { display: block; color: var(--ink); font-size: .8125rem; }
.upright .bar { display: flex; align-items: end; justify-content: center; height: 2.5rem; border-bottom: 1px solid var(--line); }
.upright .bar i { width: 70%; }
.level { border-spacing: 0 2px; }
.level th { width: 42%; text-align: left; font-weight: 400; font-size: .8125rem; color: var(--ink); overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.level td:last-child { width: 12%; text-align: right; }
.level i { display: block; height: .7rem; border-radius: 1px; min-width: 1px; }
figcaption .guess { color: var(--blue); }
figcaption .truth { color: var(--orange); }`;
