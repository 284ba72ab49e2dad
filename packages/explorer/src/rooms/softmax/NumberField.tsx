import { useRef } from "preact/hooks";
import { read, write } from "./written.ts";

interface Props {
  readonly label: string;
  readonly value: number;
  readonly onInput: (value: number) => void;
}

/**
 * A text field for a number such as 1e3, -inf or nan. Text that is not a number is marked as invalid, and replaced by
 * the last number when the field loses the focus.
 */
export function NumberField({ label, value, onInput }: Props) {
  const element = useRef<HTMLInputElement>(null);
  const mark = (wrong: boolean) => element.current?.setAttribute("aria-invalid", String(wrong));
  const typed = (text: string) => {
    const found = read(text);
    mark(found === undefined);
    if (found !== undefined) onInput(found);
    return found !== undefined;
  };
  const restore = () => {
    element.current!.value = write(value);
    mark(false);
  };
  return (
    <input
      ref={element}
      class="number-field code"
      aria-label={label}
      inputMode="text"
      autocomplete="off"
      spellcheck={false}
      value={write(value)}
      onChange={({ currentTarget }) => typed(currentTarget.value) || restore()}
      onInput={({ currentTarget }) => mark(read(currentTarget.value) === undefined)}
      onBlur={restore}
      onKeyDown={(event) => {
        if (event.key === "Enter") typed(event.currentTarget.value);
        const step = event.key === "ArrowUp" ? 0.1 : event.key === "ArrowDown" ? -0.1 : 0;
        if (step === 0) return;
        event.preventDefault();
        const from = read(event.currentTarget.value) ?? value;
        onInput(Number.isFinite(from) ? Number((from + (event.shiftKey ? 10 : 1) * step).toPrecision(12)) : 0);
      }}
    />
  );
}
