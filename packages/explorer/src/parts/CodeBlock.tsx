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

type Kind = "comment" | "string" | "number" | "word" | "plain";
const patterns =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|(?<number>\b\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?\b)|(?<word>\b(?:import|export|from|const|let|return|if|else|for|of|in|while|function|new|type|interface|default|null|undefined|true|false|try|catch|throw|typeof)\b)/g;

function tokensOf(code: string): { kind: Kind; text: string }[] {
  const tokens: { kind: Kind; text: string }[] = [];
  let from = 0;
  for (const match of code.matchAll(patterns)) {
    if (match.index > from) tokens.push({ kind: "plain", text: code.slice(from, match.index) });
    const [kind] = Object.entries(match.groups!).find(([, text]) => text !== undefined)!;
    tokens.push({ kind: kind as Kind, text: match[0] });
    from = match.index + match[0].length;
  }
  if (from < code.length) tokens.push({ kind: "plain", text: code.slice(from) });
  return tokens;
}
