import { computed, type ReadonlySignal } from "@preact/signals";
import { address, put } from "../../page/address.ts";
import { type Preset, presets, unpackedPoints } from "./data/points.ts";
import { limits, type Pace, type Start } from "./protocol.ts";

// The settings of the Fit page, which are read from the URL and validated. Missing settings have defaults.

export const sources = [
  { name: "points", title: "Points" },
  { name: "digits", title: "Digits" },
  { name: "images", title: "Images" },
  { name: "table", title: "Table" },
] as const;
export type Source = (typeof sources)[number]["name"];

let before = address.peek();
/**
 * The last URL of the Fit page. While another page loads, the Fit page stays visible, although the current URL already
 * belongs to the other page.
 */
const inRoom = computed(() => {
  if (address.value.room === "fit") before = address.value;
  return before.fields;
});

const text = (name: string): ReadonlySignal<string | undefined> => computed(() => inRoom.value[name]);
const among =
  <T extends string>(all: readonly { readonly name: T }[], name: string, usual: T): (() => T) =>
  () =>
    all.find((each) => each.name === inRoom.value[name])?.name ?? usual;

export const source: ReadonlySignal<Source> = computed(among(sources, "data", "points"));
export const preset: ReadonlySignal<Preset> = computed(among(presets, "set", "blobs"));
const pointsField = text("points");
/** The points in the URL, or `undefined` if the user has not changed the preset. */
export const ownPoints = computed(() =>
  pointsField.value === undefined ? undefined : unpackedPoints(pointsField.value),
);
export const views = [
  { name: "regions", title: "Regions" },
  { name: "probabilities", title: "Probabilities" },
] as const;
export const view = computed(among(views, "view", "regions"));
/** The name of the table column that contains the classes. */
export const labelColumn = text("label");

const pairField = text("pair");
/**
 * The selected count of the confusion matrix: the page lists the rows of the class `label` that the model predicts as
 * the class `guess`.
 */
export const pair = computed<readonly [label: number, guess: number] | undefined>(() => {
  const [, label, guess] = /^(\d{1,2})-(\d{1,2})$/.exec(pairField.value ?? "") ?? [];
  return label === undefined ? undefined : [Number(label), Number(guess)];
});

interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}
const number = (name: string, usual: () => number, { least, most, whole = false }: Range): ReadonlySignal<number> =>
  computed(() => {
    const given = inRoom.value[name];
    const x = Number(given);
    const fits =
      given !== undefined && given.trim() !== "" && x >= least && x <= most && (!whole || Number.isInteger(x));
    return fits ? x : usual();
  });

/** The default settings of the Fit page for each kind of data. */
const usual: Readonly<Record<Source, Pace & Start & { readonly held: number }>> = {
  points: { learningRate: 0.3, batchSize: 0, l2: 0, speed: 60, hidden: 0, seed: 1, held: 20 },
  digits: { learningRate: 0.2, batchSize: 64, l2: 0, speed: 0, hidden: 0, seed: 1, held: 20 },
  images: { learningRate: 0.03, batchSize: 32, l2: 0.01, speed: 0, hidden: 0, seed: 1, held: 20 },
  table: { learningRate: 0.3, batchSize: 0, l2: 0, speed: 60, hidden: 0, seed: 1, held: 20 },
};
const usualOf = (name: keyof Pace | keyof Start | "held") => () => usual[source.value][name];

export const rate = number("rate", usualOf("learningRate"), { least: 1e-4, most: 100 });
export const batch = number("batch", usualOf("batchSize"), { least: 0, most: 1e6, whole: true });
export const l2 = number("l2", usualOf("l2"), { least: 0, most: 10 });
export const speed = number("speed", usualOf("speed"), { least: 0, most: 1e5, whole: true });
export const hidden = number("hidden", usualOf("hidden"), { least: 0, most: limits.hidden, whole: true });
export const seed = number("seed", usualOf("seed"), { least: 0, most: limits.seed, whole: true });
/** The percentage of held-out rows. */
export const held = number("held", usualOf("held"), { least: 0, most: 90, whole: true });
/** The width and height in pixels to which the user's own images are scaled. */
export const side = number("side", () => 24, { least: 8, most: 64, whole: true });

export const pace = computed<Pace>(() => ({
  learningRate: rate.value,
  batchSize: batch.value,
  l2: l2.value,
  speed: speed.value,
}));
export const start = computed<Start>(() => ({ hidden: hidden.value, seed: seed.value }));

/** Switches to another kind of data and resets the settings to the defaults for that kind. */
export const chooseSource = (name: Source): void => {
  const { fields } = address.peek();
  const emptied = Object.fromEntries(Object.keys(fields).map((field) => [field, undefined]));
  put({ ...emptied, data: name === "points" ? undefined : name }, { push: true });
};
