import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { askForLandscape, forgotten, isRunning, landscape, report } from "./fit.ts";
import type { Landscape as LandscapeData } from "./protocol.ts";
import { source } from "./settings.ts";
import { whole } from "./words.ts";

const pause = 1000; // in ms, between two pictures of a running fit

/**
 * Returns whether the picture changes while training runs. A fit of images needs the worker's time for its training steps, and readers
 * who prefer reduced motion see the picture change only when they pause.
 */
const isLive = (): boolean => source.value === "points" && !matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Shows the loss on a plane through the path of the parameters. The worker computes the loss only while the picture is on
 * the screen.
 */
export function Landscape() {
  const box = useRef<HTMLElement>(null);
  const isSeen = useSignal(false);
  const picture = useSignal<ComponentType<{ of: LandscapeData }> | undefined>(undefined);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => (isSeen.value = entry!.isIntersecting));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const [now, of] = [report.value, landscape.value];
  const step = now?.step ?? 0;
  const isMoving = isRunning.value;
  const isWanted = isSeen.value && step > 0 && of?.step !== step && (!isMoving || isLive());
  useEffect(() => {
    if (!isWanted) return undefined;
    void import("./LandscapePlot.tsx").then(({ LandscapePlot }) => (picture.value = LandscapePlot));
    if (!isMoving || !of) {
      askForLandscape();
      return undefined;
    }
    const timer = setTimeout(askForLandscape, pause);
    return () => clearTimeout(timer);
  }, [isWanted, isMoving, isMoving ? of : step, forgotten.value]);
  const Picture = picture.value;
  return (
    <section ref={box} class="panel landscape" aria-labelledby="landscape-title" data-figure="The loss around the path">
      <header class="head">
        <h2 id="landscape-title">The loss around the path</h2>
        <p class={of ? "small soft numbers" : "unseen"} aria-live={isMoving ? "off" : "polite"}>
          {statusOf(step, of)}
        </p>
      </header>
      <div class="contours">
        {of && Picture ? (
          <Picture of={of} />
        ) : (
          <p class="waiting small soft" aria-hidden="true">
            {statusOf(step, of)}
          </p>
        )}
      </div>
      <p class="small soft">
        The parameters of the model are one point in a space with an axis for each parameter. Training moves this point
        along a path. The picture shows a plane that contains the current point. The axes of the plane are the two
        directions in which the path varies most. A percentage is the share of a direction in the variance of the path.
      </p>
    </section>
  );
}

function statusOf(step: number, of: LandscapeData | undefined): string {
  if (step === 0) return "Train the model to see its path.";
  if (isRunning.value && !isLive()) return "Pause the training to compute the loss.";
  if (!of || (of.step !== step && !isRunning.value)) return "Computing the loss …";
  return `Step ${whole(of.step)}, ${whole(of.rows)} training rows${of.isDone ? "" : " …"}`;
}
