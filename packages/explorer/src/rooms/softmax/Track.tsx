import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { exact } from "../../parts/numbers.ts";

interface Props {
  /** The name for screen readers. */
  readonly label: string;
  readonly value: number;
  /** The largest number on the slider's track, which spans −limit to limit. */
  readonly limit: number;
  readonly phase: "forward" | "backward";
  /** The two ends of the slider's bar. Default: from 0 to the slider's value. */
  readonly bar?: readonly [from: number, to: number];
  readonly onInput: (value: number) => void;
  /**
   * The function that is called when a drag begins and when the drag ends, so that the scale of the track can stay
   * fixed during the drag.
   */
  readonly onHold?: (held: boolean) => void;
  /** Additional elements on the slider's track. Their positions are percentages of the track's width. */
  readonly children?: ComponentChildren;
}

/** Returns the position of the number `x` on a slider's track, in percent. */
export const place = (x: number, limit: number): number => 50 + 50 * Math.min(Math.max(x / limit, -1), 1);

/**
 * Returns the limit of a slider's track that covers all numbers in `xs`. The limit is 1, 2 or 5 times a power of ten,
 * and at least `least`.
 */
export function limitOf(xs: readonly number[], least: number): number {
  const size = Math.max(least, ...xs.filter(Number.isFinite).map(Math.abs));
  const power = 10 ** Math.floor(Math.log10(size));
  const times = [1, 2, 5, 10].find((n) => n * power >= size * (1 - 1e-12))!;
  return times * power;
}

/** A number shown as a bar that starts at 0. The user moves the end of the bar with the pointer or with keys. */
export function Track({ label, value, limit, phase, bar = [0, value], onInput, onHold, children }: Props) {
  const held = useSignal(false);
  const fine = limit / 500;
  const to = (wanted: number, step = fine) => {
    const whole = Math.round(Math.min(Math.max(wanted, -limit), limit) / step) * step;
    onInput(Number(whole.toPrecision(12)));
  };
  const hold = (now: boolean) => {
    held.value = now;
    onHold?.(now);
  };
  const drag = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    to(((event.clientX - box.left) / box.width) * 2 * limit - limit);
  };
  const from = Number.isNaN(value) ? 0 : Math.min(Math.max(value, -limit), limit);
  const keys: Readonly<Record<string, () => void>> = {
    ArrowRight: () => to(from + limit / 50),
    ArrowUp: () => to(from + limit / 50),
    ArrowLeft: () => to(from - limit / 50),
    ArrowDown: () => to(from - limit / 50),
    "Shift+ArrowRight": () => to(from + fine),
    "Shift+ArrowUp": () => to(from + fine),
    "Shift+ArrowLeft": () => to(from - fine),
    "Shift+ArrowDown": () => to(from - fine),
    PageUp: () => to(from + limit / 5),
    PageDown: () => to(from - limit / 5),
    Home: () => to(-limit),
    End: () => to(limit),
  };
  const [a, b] = bar.map((end) => place(end, limit)) as [number, number];
  const drawn = Number.isFinite(a) && Number.isFinite(b);
  return (
    <div
      class={`track ${phase}${held.value ? " held" : ""}`}
      role="slider"
      tabIndex={0}
      data-takes-arrows
      aria-label={label}
      aria-valuemin={-limit}
      aria-valuemax={limit}
      aria-valuenow={from}
      aria-valuetext={exact(value)}
      onKeyDown={(event) => {
        const run = keys[event.shiftKey ? `Shift+${event.key}` : event.key];
        if (!run || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        run();
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        event.currentTarget.focus({ focusVisible: false } as FocusOptions);
        event.preventDefault();
        hold(true);
        drag(event);
      }}
      onPointerMove={(event) => held.peek() && drag(event)}
      onPointerUp={() => hold(false)}
      onPointerCancel={() => hold(false)}
    >
      <span class="zero" />
      {drawn && <span class="bar" style={{ left: `${Math.min(a, b)}%`, width: `${Math.abs(b - a)}%` }} />}
      {children}
      {Number.isNaN(value) ? (
        <span class="no-number">NaN</span>
      ) : (
        <span class="knob" style={{ left: `${place(value, limit)}%` }} />
      )}
    </div>
  );
}
