import { tokensOf } from "./tokens.ts";

interface Props {
  readonly code: string;
  /** The name for screen readers. */
  readonly label?: string;
  /** Whether the text is program output, which gets no syntax colors. */
  readonly plain?: boolean;
  /** Returns the CSS class of a line of code. Line numbers start at 1. */
  readonly lineClass?: ((line: number) => string | undefined) | undefined;
  /** The function that is called with the line under the pointer, or with undefined when the pointer leaves it. */
  readonly onLine?: (line: number | undefined) => void;
}

/** Shows read-only code with syntax colors. */
export function CodeBlock({ code, label = "Code", plain = false, lineClass, onLine }: Props) {
  const tokens = plain ? [{ kind: "plain" as const, text: code }] : tokensOf(code);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    // biome-ignore lint/a11y/useSemanticElements: a section would collapse spaces
    <pre class="code-block code" tabIndex={0} role="region" aria-label={label}>
      <code>
        {lineClass
          ? linesOf(tokens).map((line, i) => (
              // biome-ignore lint/a11y/noStaticElementInteractions: the pointer only marks other places
              <span
                key={i}
                class={`line ${lineClass(i + 1) ?? ""}`}
                onMouseEnter={() => onLine?.(i + 1)}
                onMouseLeave={() => onLine?.(undefined)}
              >
                {line.map(spanOf)}
                {"\n"}
              </span>
            ))
          : tokens.map(spanOf)}
      </code>
    </pre>
  );
}

type Token = ReturnType<typeof tokensOf>[number];

const spanOf = ({ kind, text }: Token, i: number) =>
  kind === "plain" ? (
    text
  ) : (
    <span key={i} class={`token-${kind}`}>
      {text}
    </span>
  );

/** Splits tokens into lines. */
function linesOf(tokens: readonly Token[]): Token[][] {
  const lines: Token[][] = [[]];
  for (const { kind, text } of tokens)
    for (const [i, part] of text.split("\n").entries()) {
      if (i > 0) lines.push([]);
      if (part !== "") lines.at(-1)!.push({ kind, text: part });
    }
  if (lines.at(-1)!.length === 0) lines.pop();
  return lines;
}
