import { effect, signal } from "@preact/signals";
import { widthOf } from "./data/dataset.ts";
import { data, probe } from "./fit.ts";
import { centered } from "./ink.ts";

/** The row whose class probabilities the page shows: a drawing, an opened image, or a misclassified row of the data. */
export const asked = signal<{ readonly row: Float32Array; readonly isDrawn: boolean } | undefined>(undefined);

export const ask = (row: Float32Array | undefined): void => {
  asked.value = row && { row, isDrawn: false };
};

export const draw = (ink: Float32Array): void => {
  asked.value = { row: ink, isDrawn: true };
};

/** Returns the model's input for a row. A drawing is first centered and scaled like the digits of MNIST. */
export function given(): Float32Array | undefined {
  const [now, of] = [asked.value, data.value];
  if (!now || !of || !("width" in of.features) || now.row.length !== widthOf(of)) return undefined;
  return now.isDrawn ? centered(now.row, of.features) : now.row;
}

export function keepAsking(): () => void {
  const ends = [
    effect(() => probe(given())),
    effect(() => {
      data.value; // subscribes to the data: new data clear the row
      asked.value = undefined;
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
