import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { at, move } from "./state.ts";
import type { Timeline } from "./timeline.ts";

/** The slider through all steps of the forward pass (blue) and of the sweep (orange), with its buttons. */
export function Transport({ of }: { of: Timeline }) {
  const now = at.value;
  const { last, seed } = of;
  const isPlaying = useSignal(false);
  const ends = now >= last;
  useEffect(() => {
    if (!isPlaying.value) return undefined;
    if (ends) {
      isPlaying.value = false;
      return undefined;
    }
    const timer = setTimeout(() => move(now + 1), last > 100 ? 60 : 900);
    return () => clearTimeout(timer);
  }, [isPlaying.value, now, ends, last]);
  const percent = (moment: number) => `${(100 * Math.min(moment, last)) / Math.max(last, 1)}%`;
  return (
    <section class="transport" aria-label="Steps">
      <div class="buttons">
        <Button label="To the start" off={now === 0} run={() => move(0)}>
          <path d="M4 3v10M13 3 6 8l7 5z" />
        </Button>
        <Button label="One step back" off={now === 0} run={() => move(now - 1)}>
          <path d="M11 3 4 8l7 5z" />
        </Button>
        <Button
          label={isPlaying.value ? "Pause" : "Play"}
          off={last === 0}
          run={() => {
            if (!isPlaying.peek() && ends) move(0);
            isPlaying.value = !isPlaying.peek();
          }}
        >
          {isPlaying.value ? <path d="M4 3h2.5v10H4zM9.5 3H12v10H9.5z" /> : <path d="M4 2.5 13 8l-9 5.5z" />}
        </Button>
        <Button label="One step forward" off={ends} run={() => move(now + 1)}>
          <path d="M5 3l7 5-7 5z" />
        </Button>
        <Button label="To the end" off={ends} run={() => move(last)}>
          <path d="M12 3v10M3 3l7 5-7 5z" />
        </Button>
      </div>
      <div class="track">
        <input
          type="range"
          aria-label="Moment"
          min={0}
          max={last}
          step={1}
          value={now}
          aria-valuetext={textOf(of, now)}
          class={of.isBackward(now) ? "backward" : undefined}
          style={{
            "--track": `linear-gradient(to right, var(--forward) ${percent(Math.min(now, seed))}, var(--forward-line) ${percent(Math.min(now, seed))} ${percent(seed)}, var(--backward) ${percent(seed)} ${percent(Math.max(now, seed))}, var(--backward-line) ${percent(Math.max(now, seed))})`,
          }}
          onInput={({ currentTarget }) => move(Number(currentTarget.value))}
        />
        <output class="small numbers" aria-live={isPlaying.value ? "off" : "polite"}>
          {textOf(of, now)}
        </output>
      </div>
    </section>
  );
}

export const togglePlay = (): void => document.querySelector<HTMLButtonElement>("[data-play]")?.click();

function textOf(of: Timeline, now: number): string {
  const moment = of.moment(now);
  const { steps, pulls } = of.recording;
  if (moment.kind === "start") return "start";
  if (moment.kind === "step") return `forward, step ${moment.place + 1} of ${steps.length}`;
  if (moment.kind === "seed") return "the sweep begins";
  if (moment.kind === "end") return of.isForwardMode ? "the end: J v" : "the end: the gradient";
  return `sweep, step ${moment.count} of ${pulls.length}, at #${moment.pull.step + 1}`;
}

interface ButtonProps {
  readonly label: string;
  readonly off: boolean;
  readonly run: () => void;
  readonly children: preact.ComponentChildren;
}

function Button({ label, off, run, children }: ButtonProps) {
  const play = label === "Play" || label === "Pause";
  return (
    <button
      type="button"
      class={play ? "button play" : "button quiet"}
      aria-label={label}
      title={label}
      disabled={off}
      data-play={play || undefined}
      onClick={run}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="currentColor" stroke="currentColor">
        {children}
      </svg>
    </button>
  );
}
