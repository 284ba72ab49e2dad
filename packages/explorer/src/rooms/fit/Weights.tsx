import { colorOf, css, gradient, inkOn, scaleFor } from "../../parts/colors.ts";
import { aligned, short } from "../../parts/numbers.ts";
import { type Dataset, isOfImages, widthOf } from "./data/dataset.ts";
import { data, slowReport } from "./fit.ts";
import { linked } from "./linked.ts";
import { Pixels } from "./Pixels.tsx";
import { Scroll } from "./Scroll.tsx";
import { hidden } from "./settings.ts";

const maxRows = 40;

/** Shows the weights of each class, or of each hidden unit, as images. */
export function Weights() {
  const [of, all] = [data.value, slowReport.value?.weights];
  if (!of || !all) return null;
  const width = widthOf(of);
  const count = all.length / width;
  if (!Number.isInteger(count) || count === 0) return null;
  const most = all.reduce((so, x) => Math.max(so, Math.abs(x)), 0);
  const scale = scaleFor({ least: -most, most }, { map: "diverging" });
  const columns = Array.from({ length: count }, (_, k) => all.subarray(k * width, (k + 1) * width));
  const names = columns.map((_, k) => (hidden.value > 0 ? `unit ${k + 1}` : (of.classes[k] ?? `${k}`)));
  return (
    <section class="panel weights" aria-labelledby="weights-title" data-figure="Weights">
      <header class="head">
        <h2 id="weights-title">Weights</h2>
        <p class="small soft">
          {hidden.value > 0
            ? `of the hidden units${hidden.value > count ? `, the first ${count} of ${hidden.value}` : ""}`
            : "of each class"}
        </p>
      </header>
      {isOfImages(of) ? (
        <ul class={count > 12 ? "weight-images small-ones" : "weight-images"}>
          {columns.map((column, k) => (
            <li key={names[k]}>
              <Pixels of={column} size={of.features} as={scale} label={`Weights of ${names[k]}`} />
              <span class="small name" title={names[k]}>
                {names[k]}
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <WeightTable of={of} columns={columns} names={names} scale={scale} />
      )}
      <p class="legend small numbers">
        <span>{short(-scale.most, 2)}</span>
        <span class="bar" style={{ background: gradient(scale) }} />
        <span>{short(scale.most, 2)}</span>
      </p>
    </section>
  );
}

/** Returns whether the reader points at the unit or class with this index in the diagram of the network. */
const isLinked = (k: number): boolean => linked.value?.layer === 1 && linked.value.index === k;

/**
 * Returns event handlers that highlight a unit or class in the diagram of the network while the pointer is on its
 * weights.
 */
const linksTo = (index: number) => ({
  onPointerEnter: () => (linked.value = { layer: 1, index }),
  onPointerLeave: () => (linked.value = undefined),
});

interface TableProps {
  readonly of: Dataset;
  readonly columns: readonly Float32Array[];
  readonly names: readonly string[];
  readonly scale: ReturnType<typeof scaleFor>;
}

function WeightTable({ of, columns, names, scale }: TableProps) {
  const features = (of.features as readonly string[]).slice(0, maxRows);
  const words = aligned(
    columns.flatMap((column) => Array.from(column.subarray(0, features.length))),
    3,
  );
  return (
    <Scroll label="Weights as numbers">
      <table class="number-table" aria-label="Weights, one row per feature">
        <thead>
          <tr>
            <td class="corner" />
            {names.map((name, k) => (
              <th key={name} scope="col" class={isLinked(k) ? "linked" : undefined} {...linksTo(k)}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {features.map((feature, i) => (
            <tr key={feature}>
              <th scope="row">{feature}</th>
              {columns.map((column, k) => {
                const color = colorOf(column[i]!, scale);
                return (
                  <td
                    key={names[k]}
                    {...linksTo(k)}
                    class={isLinked(k) ? "marked" : undefined}
                    style={{ background: css(color), color: inkOn(color) }}
                  >
                    {words[k * features.length + i]}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
