import { put } from "../../page/address.ts";
import { data, slowReport } from "./fit.ts";
import { judgedBy } from "./judged.ts";
import { Scroll } from "./Scroll.tsx";
import { pair } from "./settings.ts";
import { percent } from "./words.ts";

/**
 * Shows the confusion matrix. Each count of wrong predictions is a button; a click lists the wrongly predicted rows.
 */
export function Confusion() {
  const classes = data.value?.classes ?? [];
  const { confusion, recall } = slowReport.value ?? {};
  const counts = confusion?.length === classes.length ? confusion : classes.map(() => classes.map(() => 0));
  const worst = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => j !== i)));
  const [wantedLabel, wantedGuess] = pair.value ?? [];
  return (
    <section class="panel confusion" aria-labelledby="confusion-title" data-figure="Confusion">
      <header class="head">
        <h2 id="confusion-title">Confusion</h2>
        <p class="small soft">{judgedBy.value}</p>
      </header>
      <Scroll label="Confusion matrix">
        <table
          class="numbers"
          aria-label="Number of rows of the class at the left that are predicted as the class above"
        >
          <thead>
            <tr>
              <td />
              {classes.map((name) => (
                <th key={name} scope="col" title={name}>
                  {name}
                </th>
              ))}
              <th scope="col" class="soft">
                right
              </th>
            </tr>
          </thead>
          <tbody>
            {counts.map((row, i) => {
              const total = row.reduce((sum, count) => sum + count, 0);
              return (
                <tr key={classes[i]}>
                  <th scope="row" title={classes[i]}>
                    {classes[i]}
                  </th>
                  {row.map((count, j) => {
                    const strength = i === j ? 0.45 * (count / Math.max(1, total)) : 0.65 * Math.sqrt(count / worst);
                    const color = i === j ? "var(--forward-line)" : "var(--backward-line)";
                    const style = { background: `color-mix(in srgb, ${color} ${100 * strength}%, transparent)` };
                    const isWanted = wantedLabel === i && wantedGuess === j;
                    return (
                      <td key={classes[j]} style={style}>
                        {i !== j && count > 0 ? (
                          <button
                            type="button"
                            aria-pressed={isWanted}
                            aria-label={`${count} of ${classes[i]} predicted as ${classes[j]}: show them`}
                            onClick={() => put({ pair: isWanted ? undefined : `${i}-${j}` }, { push: true })}
                          >
                            {count}
                          </button>
                        ) : count > 0 ? (
                          count
                        ) : (
                          <span class="unseen">0</span>
                        )}
                      </td>
                    );
                  })}
                  <td class="right">{percent(recall?.[i] ?? Number.NaN)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      <p class="small soft">Rows: true class. Columns: predicted class.</p>
    </section>
  );
}
