import { computed, signal } from "@preact/signals";
import { address, put } from "../../page/address.ts";

/**
 * The stages in which the page builds the pullback of softmax. Each stage is named after the expression that it shows.
 */
export const stages = ["g", "⟨g, s⟩", "g − ⟨g, s⟩", "s ⊙ (g − ⟨g, s⟩)", "Jᵀ g"] as const;

export const stage = computed(() => {
  const found = Number(address.value.fields.stage ?? 0);
  return Number.isInteger(found) && found >= 0 && found < stages.length ? found : 0;
});

/**
 * Whether the bars are animated because the user has just selected another stage of the pullback. Otherwise the bars
 * follow the pointer without delay.
 */
export const isMoving = signal(false);
let timer: number | undefined;

export function show(to: number): void {
  clearTimeout(timer);
  isMoving.value = true;
  timer = window.setTimeout(() => {
    isMoving.value = false;
  }, 800);
  const place = Math.min(Math.max(to, 0), stages.length - 1);
  put({ stage: place === 0 ? undefined : String(place) });
}
