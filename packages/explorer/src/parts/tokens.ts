export type Kind = "comment" | "string" | "number" | "word" | "plain";
const patterns =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|(?<number>\b\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?\b)|(?<word>\b(?:import|export|from|const|let|return|if|else|for|of|in|while|function|new|type|interface|default|null|undefined|true|false|try|catch|throw|typeof)\b)/g;

/** Splits code into tokens. */
export function tokensOf(code: string): { kind: Kind; text: string }[] {
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
