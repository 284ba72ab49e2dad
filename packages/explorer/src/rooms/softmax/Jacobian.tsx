import { useRef } from "preact/hooks";
import { colorOf, css, gradient, inkOn, scaleFor } from "../../parts/colors.ts";
import { aligned, short } from "../../parts/numbers.ts";
import { Sub } from "../../parts/Sub.tsx";
import { cell, matrix, selectCell } from "./state.ts";
import { indexed } from "./written.ts";

/**
 * Shows the Jacobian ∂s/∂x of softmax as a heat map. If the user hovers over a cell or moves the focus to it, the cell
 * is selected.
 */
export function Jacobian() {
  const J = matrix.value.toNested<number[][]>();
  const numbers = J.flat();
  const finite = numbers.filter(Number.isFinite);
  const scale = scaleFor({ least: Math.min(0, ...finite), most: Math.max(0, ...finite) }, { map: "diverging" });
  const words = aligned(numbers, 3);
  const [row, column] = cell.value;
  const table = useRef<HTMLTableElement>(null);
  const K = J.length;
  const go = (i: number, j: number) => {
    const [to, across] = [Math.min(Math.max(i, 0), K - 1), Math.min(Math.max(j, 0), K - 1)];
    selectCell(to, across);
    table.current?.querySelector<HTMLElement>(`[data-cell="${to} ${across}"]`)?.focus();
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowRight: () => go(row, column + 1),
    ArrowLeft: () => go(row, column - 1),
    ArrowDown: () => go(row + 1, column),
    ArrowUp: () => go(row - 1, column),
    Home: () => go(row, 0),
    End: () => go(row, K - 1),
  };
  return (
    <figure class="jacobian" style={{ "--classes": K }}>
      <table
        ref={table}
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: arrow keys move through its cells
        role="grid"
        aria-label="The Jacobian: row i, column j is ∂sᵢ/∂xⱼ"
        data-takes-arrows
        onKeyDown={(event) => {
          if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          keys[event.key]!();
        }}
      >
        <thead>
          <tr>
            <td />
            {J.map((_, j) => (
              <th key={j} scope="col" class={j === column ? "code pointed" : "code"}>
                <Sub of="x" i={j} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {J.map((_, i) => (
            <tr key={i}>
              <th scope="row" class={i === row ? "code pointed" : "code"}>
                <Sub of="s" i={i} />
              </th>
              {J.map((_, j) => {
                const value = J[i]![j]!;
                const color = colorOf(value, scale);
                const isSelected = i === row && j === column;
                return (
                  <td
                    key={j}
                    data-cell={`${i} ${j}`}
                    tabIndex={isSelected ? 0 : -1}
                    aria-current={isSelected}
                    class={`${i === j ? "diagonal" : ""}${i === row || j === column ? " crossed" : ""}`}
                    style={{ background: css(color), color: inkOn(color) }}
                    onMouseEnter={() => selectCell(i, j)}
                    onFocus={() => selectCell(i, j)}
                  >
                    <span class="unseen">
                      ∂{indexed("s", i)}/∂{indexed("x", j)} ={" "}
                    </span>
                    <span>{words[i * K + j]}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <figcaption class="legend small numbers">
        <span>{short(-scale.most, 3)}</span>
        <span class="bar" style={{ background: gradient(scale) }} />
        <span>{short(scale.most, 3)}</span>
      </figcaption>
    </figure>
  );
}
