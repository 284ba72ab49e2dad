import { computed } from "@preact/signals";
import { data, slowReport } from "./fit.ts";

/** A row that the model was judged by. */
export interface Judged {
  readonly row: number;
  readonly label: number;
  readonly guess: number;
  /** What the model gave the right class, and its guess. */
  readonly ofLabel: number;
  readonly ofGuess: number;
}

export const judged = computed<readonly Judged[]>(() => {
  const [now, of] = [slowReport.value, data.value];
  if (!now || !of) return [];
  const { judged: rows, probabilities } = now;
  const classes = of.classes.length;
  if (probabilities.length !== rows.length * classes || rows.some((row) => row >= of.labels.length)) return []; // of data before
  return Array.from(rows, (row, i) => {
    const all = probabilities.subarray(i * classes, (i + 1) * classes);
    const guess = all.indexOf(Math.max(...all));
    const label = of.labels[row]!;
    return { row, label, guess, ofLabel: all[label]!, ofGuess: all[guess]! };
  });
});

/** By which rows: "of 1,200 rows held out". */
export const judgedBy = computed(() => {
  const count = judged.value.length.toLocaleString("en");
  return slowReport.value?.held ? `${count} rows held out` : `${count} training rows`;
});
