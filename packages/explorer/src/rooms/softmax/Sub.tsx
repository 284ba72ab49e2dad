/** x₀ or xᵢ with a subscript that every font has. */
export const Sub = ({ of, i }: { of: string; i: number | string }) => (
  <span class="indexed">
    {of}
    <sub>{i}</sub>
  </span>
);
