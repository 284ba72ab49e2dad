import { put } from "../../page/address.ts";
import { short } from "../../parts/numbers.ts";
import { ask } from "./asked.ts";
import { type Dataset, isOfImages, rowOf } from "./data/dataset.ts";
import { data, slowReport } from "./fit.ts";
import { type Judged, judged } from "./judged.ts";
import { Pixels } from "./Pixels.tsx";
import { Scroll } from "./Scroll.tsx";
import { pair } from "./settings.ts";
import { percent, whole } from "./words.ts";

const most = { images: 24, rows: 12 } as const;

/** Lists the misclassified rows, sorted by the probability of the true class, the lowest first. */
export function Mistakes() {
  const of = data.value;
  if (!of) return null;
  if ((slowReport.value?.step ?? 0) === 0) return <Untrained />;
  const [label, guess] = pair.value ?? [];
  const isOfPair = label !== undefined && label < of.classes.length && guess! < of.classes.length;
  const all = judged.value.filter((each) => each.label !== each.guess);
  const wrong = isOfPair ? all.filter((each) => each.label === label && each.guess === guess) : all;
  const sorted = wrong.toSorted((a, b) => a.ofLabel - b.ofLabel);
  const images = isOfImages(of);
  const shown = sorted.slice(0, images ? most.images : most.rows);
  return (
    <section class="panel mistakes" aria-labelledby="mistakes-title">
      <header class="head">
        <h2 id="mistakes-title">Misclassified</h2>
        <p class="small soft">
          {isOfPair && (
            <>
              {of.classes[label]} predicted as {of.classes[guess!]}{" "}
              <button type="button" class="button quiet" onClick={() => put({ pair: undefined }, { push: true })}>
                show all
              </button>
            </>
          )}
          {whole(wrong.length)} of {whole(judged.value.length)}
          {wrong.length > shown.length && `, the worst ${shown.length} shown`}
        </p>
      </header>
      {shown.length === 0 ? (
        <p class="soft small">None.</p>
      ) : images ? (
        <ul class="wrong-images">
          {shown.map((each) => (
            <li key={each.row}>
              <button type="button" title={wordsOf(each, of)} onClick={() => ask(rowOf(of, each.row))}>
                <Pixels of={rowOf(of, each.row)} size={of.features} as={of.areDrawn ? "ink" : "gray"} />
                <span class="small numbers">
                  {of.classes[each.label]} → <b>{of.classes[each.guess]}</b>
                </span>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <WrongRows all={shown} of={of} />
      )}
    </section>
  );
}

/** Replaces the list of misclassified rows until training starts, because an untrained model only guesses. */
const Untrained = () => (
  <section class="panel mistakes" aria-labelledby="mistakes-title">
    <header class="head">
      <h2 id="mistakes-title">Misclassified</h2>
    </header>
    <p class="soft small">Train the model to see which rows it still gets wrong.</p>
  </section>
);

const wordsOf = ({ label, guess, ofGuess, ofLabel }: Judged, { classes }: Dataset): string =>
  `${classes[label]} (${percent(ofLabel)}) predicted as ${classes[guess]} (${percent(ofGuess)})`;

function WrongRows({ all, of }: { all: readonly Judged[]; of: Dataset }) {
  const names = of.features as readonly string[];
  return (
    <Scroll label="Misclassified rows">
      <table class="wrong-rows numbers">
        <thead>
          <tr>
            <th scope="col">true</th>
            <th scope="col">predicted</th>
            <th scope="col">probability</th>
            {names.slice(0, 8).map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map((each) => (
            <tr key={each.row}>
              <td>{of.classes[each.label]}</td>
              <td>{of.classes[each.guess]}</td>
              <td>{percent(each.ofGuess)}</td>
              {names.slice(0, 8).map((name, j) => (
                <td key={name}>{short(measured(of, each.row, j))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** Returns a feature in its original unit, before standardization. */
function measured(of: Dataset, row: number, feature: number): number {
  const { mean, deviation } = of.scales?.[feature] ?? { mean: 0, deviation: 1 };
  return rowOf(of, row)[feature]! * deviation + mean;
}
