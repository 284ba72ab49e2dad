import { Indexed } from "../parts/Sub.tsx";

/** Shows text in which backticks mark code, and ᵀ or ₀ become superscripts and subscripts. */
export const Rich = ({ children }: { children: string }) => (
  <>
    {children
      .split("`")
      .map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : <Indexed key={i}>{part}</Indexed>))}
  </>
);
