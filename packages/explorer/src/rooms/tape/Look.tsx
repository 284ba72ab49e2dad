import { HeatMap } from "../../parts/HeatMap.tsx";
import { at, lookAt, move } from "./state.ts";
import type { Timeline } from "./timeline.ts";

/** Shows one tensor: its value, and its cotangent or tangent at the current position of the slider. */
export function Look({ of, tensor }: { of: Timeline; tensor: number }) {
  const now = at.value;
  const cotangent = of.cotangent(tensor, now);
  const tangent = of.tangent(tensor, now);
  const place = of.maker(tensor);
  const users = of.users(tensor);
  const name = of.name(tensor) || "a tensor";
  return (
    <section class="look panel" aria-label={`Tensor ${name}`}>
      <header>
        <h2>
          Tensor <span class="code">{name}</span>
        </h2>
        <p class="small soft">
          {place === undefined ? "input or constant" : `made by #${place + 1} ${of.recording.steps[place]!.op}`}
          {users.length > 0 && `, used by ${listOf(users)}`}
        </p>
        <div class="look-tools">
          {place !== undefined && (
            <button type="button" class="button" onClick={() => move(of.momentOf(place, of.isBackward(now)))}>
              Go to #{place + 1}
            </button>
          )}
          <button type="button" class="button quiet" aria-label="Close" onClick={() => lookAt(undefined)}>
            ✕
          </button>
        </div>
      </header>
      <div class="tensors">
        <div class="tensor">
          {of.isKnown(tensor, now) ? (
            <HeatMap of={of.numbers(tensor)} name="value" />
          ) : (
            <p class="soft small">Not computed yet.</p>
          )}
        </div>
        {of.isForwardMode ? (
          <div class="tensor tangent">
            {tangent === undefined ? (
              of.isKnown(tensor, now) && <p class="soft small">This tensor has no tangent.</p>
            ) : (
              <HeatMap of={of.numbers(tangent)} name="tangent" hue="tangent" />
            )}
          </div>
        ) : (
          <div class="tensor backward">
            {cotangent ? (
              <HeatMap
                of={of.numbers(cotangent.tensor)}
                name={cotangent.isWhole ? "cotangent" : "cotangent so far"}
                hue="cotangent"
              />
            ) : (
              <p class="soft small">
                {of.isReached(tensor) ? "The sweep has not reached this tensor yet." : "This tensor gets no cotangent."}
              </p>
            )}
          </div>
        )}
      </div>
    </section>
  );
}

const listOf = (places: readonly number[]): string => {
  const shown = places.slice(0, 6).map((place) => `#${place + 1}`);
  return shown.join(", ") + (places.length > 6 ? ", …" : "");
};
