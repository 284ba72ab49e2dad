interface Props<T extends string> {
  readonly label: string;
  readonly options: readonly { readonly name: T; readonly title: string }[];
  readonly value: T;
  readonly onChoose: (name: T) => void;
}

/** A row of buttons that selects one of several options. */
export function Choice<T extends string>({ label, options, value, onChoose }: Props<T>) {
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map(({ name, title }) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => onChoose(name)}>
          {title}
        </button>
      ))}
    </fieldset>
  );
}
