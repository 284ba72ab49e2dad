import { percent } from "./words.ts";

interface Props {
  readonly classes: readonly string[];
  /** The probabilities of the classes, or `undefined` if the user has not chosen a row to classify. */
  readonly row: Float32Array | undefined;
}

/** Shows the predicted probability of each class. */
export function SoftmaxRow({ classes, row }: Props) {
  const fits = row?.length === classes.length ? row : undefined;
  const best = fits ? fits.indexOf(Math.max(...fits)) : -1;
  return (
    <>
      <ol class="softmax-row numbers" aria-label="Softmax row: the probability of each class">
        {classes.map((name, k) => (
          <li key={name} class={k === best ? "best" : undefined}>
            <span class="name" title={name}>
              {name}
            </span>
            <span class="track" aria-hidden="true">
              <span style={{ width: `${100 * (fits?.[k] ?? 0)}%` }} />
            </span>
            <span class="share">{fits ? percent(fits[k]!) : ""}</span>
          </li>
        ))}
      </ol>
      <p class="unseen" aria-live="polite">
        {fits ? `${classes[best]}, ${percent(fits[best]!)}` : ""}
      </p>
    </>
  );
}
