import { address, put } from "../../house/address.ts";

interface Props {
  /** The field of the address in which the choice is kept. */
  readonly field: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  readonly usual: string;
}

/** A choice of one of few, side by side. */
export function Choice({ field, label, options, usual }: Props) {
  const given = address.value.fields[field];
  const now = options.some(({ value }) => value === given) ? given : usual;
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map(({ value, text }) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === now}
          onClick={() => put({ [field]: value === usual ? undefined : value }, { push: true })}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}
