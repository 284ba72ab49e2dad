import { type ComponentChildren, toChildArray } from "preact";

/** A letter with an index, such as x₀. */
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
 * Formats text such as xᵢ or Jᵀ with HTML subscripts and superscripts of ordinary letters. The Unicode characters would
 * need a second font file, twice as large as the font for all other text.
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
