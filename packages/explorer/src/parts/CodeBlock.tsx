import { tokensOf } from "./tokens.ts";

interface Props {
  readonly code: string;
  /** What it is called when it is read aloud. */
  readonly label?: string;
  /** Whether it is output rather than code: in one colour. */
  readonly plain?: boolean;
}

/** Code to read. Words of the language, strings, numbers and comments are told apart; nothing more. */
export function CodeBlock({ code, label = "Code", plain = false }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what may scroll must be reached by keyboard
    // biome-ignore lint/a11y/useSemanticElements: a section would keep no spaces
    <pre class="code-block code" tabIndex={0} role="region" aria-label={label}>
      <code>
        {(plain ? [{ kind: "plain", text: code }] : tokensOf(code)).map(({ kind, text }, i) =>
          kind === "plain" ? (
            text
          ) : (
            <span key={i} class={`token-${kind}`}>
              {text}
            </span>
          ),
        )}
      </code>
    </pre>
  );
}
