import { effect, signal, untracked } from "@preact/signals";
import { put } from "../../house/address.ts";
import { type Point, type Preset, packedPoints, pointsAsData, presetPoints } from "./data/points.ts";
import { data } from "./fit.ts";
import { ownPoints, preset, source } from "./settings.ts";

/** The points that are shown. */
export const points = signal<readonly Point[]>([]);

/** Shows what the address says, and fits the model to it. Returns what ends that. */
export function keepPoints(): () => void {
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
      if (source.value === "points") data.value = pointsAsData(points.value);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

const isWanted = (name: Preset): boolean =>
  untracked(() => source.value === "points" && preset.value === name && ownPoints.value === undefined);

/** While they are dragged: the address follows when they are let go. */
export function movePoints(all: readonly Point[]): void {
  points.value = all;
}

/** The back button undoes it. */
export const changePoints = (all: readonly Point[]): void => put({ points: packedPoints(all) }, { push: true });

export const choosePreset = (name: Preset): void =>
  put({ set: name === "blobs" ? undefined : name, points: undefined }, { push: true });
