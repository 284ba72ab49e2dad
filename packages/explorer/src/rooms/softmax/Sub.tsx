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
 * Text in which xᵢ and Jᵀ are set as index and exponent: every font has their letters, where the small signs themselves would
 * need a font file twice as large as that of all other text.
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
