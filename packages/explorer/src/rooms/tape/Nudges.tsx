import { address, put } from "../../page/address.ts";
import { short } from "../../parts/numbers.ts";
import { Select } from "../../parts/Select.tsx";
import type { Nudge } from "../../sandbox/protocol.ts";
import type { Timeline } from "./timeline.ts";

/**
 * Compares the change that a cotangent predicts with the actual change: one element of an input grows, and the function
 * runs again.
 */
export function Nudges({ of }: { of: Timeline }) {
  const { nudges, inputs } = of.recording;
  const all = [...new Map(nudges.map((nudge) => [keyOf(nudge), nudge])).values()].filter(
    ({ input }) => of.cotangent(inputs[input]!, of.last) !== undefined,
  );
  const chosen = all.find((each) => keyOf(each) === address.value.fields.nudge) ?? all[0];
  if (!chosen) return null;
  const cotangent = of.cotangent(inputs[chosen.input]!, of.last)!;
  const slope = of.numbers(cotangent.tensor).data[chosen.element] ?? Number.NaN;
  const rows = nudges.filter((each) => keyOf(each) === keyOf(chosen));
  return (
    <section class="nudges" aria-labelledby="nudges-title">
      <h3 id="nudges-title">Check it: a small nudge</h3>
      <p class="soft small">
        If{" "}
        {all.length > 1 ? (
          <Select
            label="Number to nudge"
            value={keyOf(chosen)}
            onChoose={(key) => put({ nudge: key === keyOf(all[0]!) ? undefined : key })}
          >
            {all.map((each) => (
              <option key={keyOf(each)} value={keyOf(each)}>
                {nameOf(of, each)}
              </option>
            ))}
          </Select>
        ) : (
          <code>{nameOf(of, chosen)}</code>
        )}{" "}
        grows a little, its cotangent predicts that the value grows{" "}
        <span class="code backward-text">{short(slope)}</span> times as much. To check this, the page runs the function
        again.
      </p>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">grows by</th>
            <th scope="col" class="of-sweep">
              predicted
            </th>
            <th scope="col" class="of-value">
              actual
            </th>
            <th scope="col">difference</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ by, change }) => (
            <tr key={by}>
              <th scope="row" class="code">
                {by}
              </th>
              <td class="code of-sweep">{short(slope * by)}</td>
              <td class="code of-value">{short(change)}</td>
              <td class="code soft">{short(change - slope * by, 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const keyOf = ({ input, element }: Nudge): string => `${input}.${element}`;

/** Returns the name of an element, such as `W[0, 2]`. */
function nameOf(of: Timeline, { input, element }: Nudge): string {
  const tensor = of.recording.inputs[input]!;
  let rest = element;
  const index = of
    .shape(tensor)
    .toReversed()
    .map((n) => {
      const i = rest % n;
      rest = Math.floor(rest / n);
      return i;
    });
  const name = of.name(tensor) || `input ${input + 1}`;
  return index.length === 0 ? name : `${name}[${index.reverse().join(", ")}]`;
}
