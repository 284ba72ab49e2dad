import { useRef } from "preact/hooks";

interface Props {
  readonly value: number;
  /** The formatted number that the page shows. */
  readonly text: string;
  /** The name for screen readers. */
  readonly name: string;
  /** The largest absolute value in the table, which determines how fast a drag changes the number. */
  readonly most: number;
  readonly onChange: (value: number) => void;
}

/** A number that the reader changes by dragging it to the left or right, or with the arrow keys. */
export function DraggableNumber({ value, text, name, most, onChange }: Props) {
  const from = useRef<{ readonly x: number; readonly value: number; readonly unit: number } | undefined>(undefined);
  const finite = Number.isFinite(value) ? value : 0;
  const unit = unitFor(most);
  return (
    <span
      class="draggable"
      role="spinbutton"
      tabIndex={0}
      data-takes-arrows
      aria-label={name}
      aria-valuenow={finite}
      aria-valuetext={text}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, value: finite, unit };
      }}
      onPointerMove={({ clientX }) => {
        if (!from.current) return;
        const { x, value: start, unit: of } = from.current;
        const to = rounded(start + Math.round(clientX - x) * of, of);
        if (to !== value) onChange(to);
      }}
      onPointerUp={() => (from.current = undefined)}
      onPointerCancel={() => (from.current = undefined)}
      onKeyDown={(event) => {
        const step = steps[event.key];
        if (step === undefined) return;
        event.preventDefault();
        onChange(rounded(finite + (event.shiftKey ? step / 10 : step) * unit, unit));
      }}
    >
      {text}
    </span>
  );
}

const steps: Readonly<Record<string, number>> = {
  ArrowUp: 10,
  ArrowRight: 10,
  ArrowDown: -10,
  ArrowLeft: -10,
  PageUp: 100,
  PageDown: -100,
};

/** Returns how much a drag of one pixel changes a number: 1 % of the largest power of ten that is at most `most`. */
const unitFor = (most: number): number => 10 ** ((most > 0 ? Math.floor(Math.log10(most)) : 0) - 2);

const rounded = (x: number, unit: number): number => Number((Math.round(x / unit) * unit).toPrecision(12));
