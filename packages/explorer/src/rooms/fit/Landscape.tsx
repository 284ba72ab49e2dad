import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { askForLandscape, isRunning, landscape, report } from "./fit.ts";
import type { Landscape as LandscapeData } from "./protocol.ts";
import { whole } from "./words.ts";

/**
 * Shows the loss on a plane through the path of the parameters. The worker computes the loss while the fit is paused and
 * the picture is on the screen.
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
  const isWanted = isSeen.value && step > 0 && !isRunning.value && of?.step !== step;
  useEffect(() => {
    if (!isWanted) return;
    askForLandscape();
    void import("./LandscapePlot.tsx").then(({ LandscapePlot }) => (picture.value = LandscapePlot));
  }, [isWanted, step]);
  const Picture = picture.value;
  return (
    <section ref={box} class="panel landscape" aria-labelledby="landscape-title" data-figure="The loss around the path">
      <header class="head">
        <h2 id="landscape-title">The loss around the path</h2>
        <p class="small soft numbers" aria-live="polite">
          {statusOf(step, of)}
        </p>
      </header>
      <div class="contours">{of && Picture && <Picture of={of} />}</div>
      <p class="small soft">
        The parameters of the model are one point in a space with an axis for each parameter, and training moves this
        point. The picture is a plane in this space. It contains the current parameters, and its axes are the two
        directions in which the path of training varies most. The percentages are their shares of the path’s variance.
      </p>
    </section>
  );
}

function statusOf(step: number, of: LandscapeData | undefined): string {
  if (step === 0) return "Train the model to see its path.";
  if (isRunning.value) return "Pause the training to compute the loss.";
  if (of?.step !== step) return "Computing the loss …";
  return `Step ${whole(step)}, ${whole(of.rows)} training rows${of.isDone ? "" : " …"}`;
}
