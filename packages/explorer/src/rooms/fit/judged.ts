import { computed } from "@preact/signals";
import { data, slowReport } from "./fit.ts";

/** A row of the data that the model has classified, with its true class and its predicted class. */
export interface Judged {
  readonly row: number;
  readonly label: number;
  readonly guess: number;
  /** The predicted probabilities of the true class and of the predicted class. */
  readonly ofLabel: number;
  readonly ofGuess: number;
}

export const judged = computed<readonly Judged[]>(() => {
  const [now, of] = [slowReport.value, data.value];
  if (!now || !of) return [];
  const { judged: rows, guesses, probabilities } = now;
  const classes = of.classes.length;
  if (probabilities.length !== rows.length * classes || rows.some((row) => row >= of.labels.length)) return []; // a report for the previous data set
  return Array.from(rows, (row, i) => {
    const [label, guess] = [of.labels[row]!, guesses[i]!];
    const ofClass = (k: number) => probabilities[i * classes + k]!;
    return { row, label, guess, ofLabel: ofClass(label), ofGuess: ofClass(guess) };
  });
});

/** A description of the evaluated rows, such as "1,200 rows held out". */
export const judgedBy = computed(() => {
  const count = judged.value.length.toLocaleString("en");
  return slowReport.value?.held ? `${count} rows held out` : `${count} training rows`;
});
