import { tokensOf } from "./tokens.ts";

interface Props {
  readonly code: string;
  /** The name for screen readers. */
  readonly label?: string;
  /** Whether the text is program output, which gets no syntax colors. */
  readonly plain?: boolean;
}

/** Shows read-only code with syntax colors. */
export function CodeBlock({ code, label = "Code", plain = false }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    // biome-ignore lint/a11y/useSemanticElements: a section would collapse spaces
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
