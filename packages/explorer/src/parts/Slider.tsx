import { useId } from "preact/hooks";
import { short } from "./numbers.ts";

interface Props {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number | "any";
  readonly onInput: (value: number) => void;
  /** Formats the slider's number as text, which is shown on the page and read by screen readers. */
  readonly text?: (value: number) => string;
  /** Whether the label is only for screen readers, because visible text next to the slider already names it. */
  readonly hideLabel?: boolean;
}

export function Slider({ label, value, min, max, step = "any", onInput, text = short, hideLabel = false }: Props) {
  const id = useId();
  const part = max > min ? (value - min) / (max - min) : 0;
  return (
    <div class="slider">
      <label for={id} class={hideLabel ? "unseen" : undefined}>
        {label}
      </label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={text(value)}
        style={{ "--part": `${part * 100}%` }}
        onInput={({ currentTarget }) => onInput(Number(currentTarget.value))}
      />
      {!hideLabel && <output class="numbers code">{text(value)}</output>}
    </div>
  );
}
