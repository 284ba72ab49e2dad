interface Props {
  /** The class of the error. */
  readonly name: string;
  readonly message: string;
  readonly line?: number | undefined;
  /** The function that is called when the user clicks the line number. */
  readonly onLine?: (() => void) | undefined;
}

/** Shows an error: its class, its message and the line of the program. */
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
