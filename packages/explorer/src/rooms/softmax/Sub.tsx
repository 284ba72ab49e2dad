import { type ComponentChildren, toChildArray } from "preact";

/** x with an index. */
export const Sub = ({ of, i }: { of: string; i: number | string }) => (
  <span class="indexed">
    {of}
    <sub>{i}</sub>
  </span>
);

const letters: Readonly<Record<string, string>> = { ᵢ: "i", ⱼ: "j", ₖ: "k", ₘ: "m" };
const plain = (index: string): string =>
  Array.from(index, (sign) => letters[sign] ?? "₀₁₂₃₄₅₆₇₈₉".indexOf(sign)).join("");

/**
 * Text whose xᵢ and Jᵀ become subscripts and superscripts of ordinary letters. The Unicode signs would need a font file
 * twice as large as that for all other text.
 */
export const Indexed = ({ children }: { children: ComponentChildren }) => (
  <>
    {toChildArray(children).map((child) =>
      typeof child !== "string"
        ? child
        : child
            .split(/([₀-₉ᵢⱼₖₘ]+|ᵀ)/)
            .map((part, k) =>
              k % 2 === 0 ? part : part === "ᵀ" ? <sup key={k}>T</sup> : <sub key={k}>{plain(part)}</sub>,
            ),
    )}
  </>
);

export const Paragraph = ({ children }: { children: ComponentChildren }) => (
  <p>
    <Indexed>{children}</Indexed>
  </p>
);
