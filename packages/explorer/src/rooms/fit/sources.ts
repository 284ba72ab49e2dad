import { batch, effect, signal, untracked } from "@preact/signals";
import { DataError } from "@wengert/core";
import { put } from "../../page/address.ts";
import { type Dataset, wordsOf } from "./data/dataset.ts";
import { readIdx } from "./data/idx.ts";
import { type Placed, readImages } from "./data/images.ts";
import { type Point, type Preset, packedPoints, pointsAsData, presetPoints } from "./data/points.ts";
import type { Table } from "./data/table.ts";
import { data } from "./fit.ts";
import { labelColumn, ownPoints, preset, side, source } from "./settings.ts";

// This file provides the current data: the data set that the URL names, or the user's own files, which a URL cannot
// contain.

/** The current points. */
export const points = signal<readonly Point[]>([]);
/** The current table. */
export const table = signal<Table | undefined>(undefined);

export const ownDigits = signal<Dataset | undefined>(undefined);
const ownImages = signal<
  { readonly files: readonly Placed[]; readonly side: number; readonly data: Dataset } | undefined
>(undefined);
export const ownTable = signal<Table | undefined>(undefined);

/** The error message that says why the user's files cannot be used. */
export const problem = signal<string | undefined>(undefined);
export const isBusy = signal<{ readonly done: number; readonly of: number } | undefined>(undefined);

/**
 * Loads the data set that the URL names, now and after each change of the URL. Returns a function that stops loading.
 */
export function keepSources(): () => void {
  const ends = [
    effect(() => {
      if (source.value !== "points") return;
      const [own, name] = [ownPoints.value, preset.value];
      if (own) points.value = own;
      else
        void presetPoints(name).then((all) => {
          if (isWanted(name)) points.value = all;
        });
    }),
    effect(() => {
      source.value;
      [problem.value, isBusy.value] = [undefined, undefined];
    }),
    effect(() => {
      const turn = ++turns;
      const found = makers[source.value]();
      if (!(found instanceof Promise)) {
        data.value = found;
        return;
      }
      data.value = undefined;
      const isCurrent = () => turn === turns;
      found.then(
        (made) => {
          if (isCurrent()) data.value = made;
        },
        (error: unknown) => {
          if (isCurrent()) problem.value = wordsOf(error, "The files");
        },
      );
    }),
  ];
  return () => {
    turns++;
    for (const end of ends) end();
  };
}
let turns = 0; // the number of requests so far; late results of earlier requests are dropped

const makers: Readonly<Record<typeof source.value, () => Dataset | undefined | Promise<Dataset>>> = {
  points: () => pointsAsData(points.value),
  digits: () => ownDigits.value ?? shippedDigits(),
  images() {
    const own = ownImages.value;
    if (own && own.side !== side.value) untracked(() => void openImages(own.files));
    return own?.data;
  },
  table() {
    labelColumn.value;
    return ownTable.value ? fromTable(ownTable.value) : penguins().then(fromTable);
  },
};

let shipped: Promise<Dataset> | undefined;
function shippedDigits(): Promise<Dataset> {
  shipped ??= import("./data/digits.ts").then(({ digits }) => digits());
  return shipped;
}

const penguins = async (): Promise<Table> =>
  readTable(new File([(await import("virtual:penguins")).default], "penguins.csv"));

const readTable = async (file: File): Promise<Table> => (await import("./data/csv.ts")).readTable(file);

function fromTable(from: Table): Dataset {
  table.value = from;
  return from.toData(labelColumn.value);
}

const isWanted = (name: Preset): boolean =>
  untracked(() => source.value === "points" && preset.value === name && ownPoints.value === undefined);

/** Moves points during a drag. The URL is changed only at the end of the drag. */
export function movePoints(all: readonly Point[]): void {
  points.value = all;
}

/** Changes the points and adds an entry to the browser history, so that the back button undoes the change. */
export const changePoints = (all: readonly Point[]): void => put({ points: packedPoints(all) }, { push: true });

export const choosePreset = (name: Preset): void =>
  put({ set: name === "blobs" ? undefined : name, points: undefined }, { push: true });

export const openIdx = (files: readonly File[]): Promise<void> =>
  open(
    () => readIdx(files),
    (made) => {
      ownDigits.value = made;
    },
  );

export const openImages = (files: readonly Placed[]): Promise<void> => {
  const wanted = side.peek();
  const progress = (done: number, of: number) => {
    isBusy.value = { done, of };
  };
  return open(
    () => readImages(files, wanted, progress),
    (made) => {
      ownImages.value = { files, side: wanted, data: made };
    },
  );
};

export const openTable = (files: readonly File[]): Promise<void> =>
  open(
    async () => {
      const [file, ...more] = files;
      if (!file || more.length > 0) throw new DataError(`Expected one CSV file, got ${files.length}. Choose one.`);
      const found = await readTable(file);
      found.toData(undefined);
      return found;
    },
    (found) => {
      batch(() => {
        ownTable.value = found;
        put({ label: undefined });
      });
    },
  );

/** Reads the user's files. The current data stay in use until all files have been read. */
async function open<T>(read: () => Promise<T>, take: (made: T) => void): Promise<void> {
  const turn = ++opened;
  const place = source.peek();
  [problem.value, isBusy.value] = [undefined, { done: 0, of: 0 }];
  const isCurrent = () => turn === opened && source.peek() === place;
  try {
    const made = await read();
    if (isCurrent()) take(made);
  } catch (error) {
    if (isCurrent()) problem.value = wordsOf(error, "The files");
  } finally {
    if (isCurrent()) isBusy.value = undefined;
  }
}
let opened = 0;
