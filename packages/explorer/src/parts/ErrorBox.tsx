interface Props {
  /** The class of the error. */
  readonly name: string;
  readonly message: string;
  readonly line?: number | undefined;
  /** Where a click on the line leads. */
  readonly onLine?: (() => void) | undefined;
}

/** What went wrong, in the library's own words: who, what was expected, what came, what to do. */
export function ErrorBox({ name, message, line, onLine }: Props) {
  return (
    <div class="error-box" role="alert">
      <strong class="code">{name}</strong>
      {line !== undefined && (
        <button type="button" class="button quiet" onClick={onLine}>
          line {line}
        </button>
      )}
      <p class="code">{message}</p>
    </div>
  );
}
