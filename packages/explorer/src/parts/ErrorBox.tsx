interface Props {
  /** The class of the error. */
  readonly name: string;
  readonly message: string;
  readonly line?: number | undefined;
  /** Called when the reader clicks the line. */
  readonly onLine?: (() => void) | undefined;
}

/** Shows an error: its class, its line and the library's message. */
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
