import { type Car, columns, origins } from "./data.ts";
import { type Model, probabilities } from "./fit.ts";

/** The factor by which the odds of one origin against another change if a column increases by one standard deviation. */
export interface OddsRatio {
  /** The index of the column. */
  readonly column: number;
  readonly of: number;
  readonly against: number;
  readonly factor: number;
  /** The smallest and the largest odds ratio (`factor`) among the models of a cross-validation. */
  readonly range: readonly [number, number];
}

export const pairs = [
  [0, 2],
  [0, 1],
  [1, 2],
] as const;

/**
 * Computes the odds ratios of the first model of a cross-validation. The odds of two origins for a car x are exp(x · (w
 * − w′)), where w and w′ are the weights of the two origins. So if column i of x increases by 1, the odds are
 * multiplied by exp(wᵢ − w′ᵢ).
 */
export function oddsRatios(models: readonly Model[]): OddsRatio[] {
  const weights = models.map(({ W }) => W.toNested<number[][]>());
  return columns.flatMap((_, column) =>
    pairs.map(([of, against]) => {
      const factors = weights.map((W) => Math.exp(W[column]![of]! - W[column]![against]!));
      return { column, of, against, factor: factors[0]!, range: [Math.min(...factors), Math.max(...factors)] };
    }),
  );
}

/** Returns the strength of an effect that multiplies the odds by `factor`: |log factor|. */
const strength = ({ factor }: OddsRatio): number => Math.abs(Math.log(factor));

/**
 * Returns sentences in plain English about odds ratios. For each pair of origins, the sentences describe the columns
 * with the strongest effects. `most` is the number of columns to describe.
 */
export function readAloud(ratios: readonly OddsRatio[], model: Model, most: number): string[] {
  return pairs.flatMap(([of, against]) =>
    ratios
      .filter((ratio) => ratio.of === of && ratio.against === against)
      .sort((a, b) => strength(b) - strength(a))
      .slice(0, most)
      .map((ratio) => {
        const { name, unit } = columns[ratio.column]!;
        const by = amount(deviationsOf(model)[ratio.column]!, 3);
        const [verb, factor] = ratio.factor >= 1 ? ["multiplies", ratio.factor] : ["divides", 1 / ratio.factor];
        return `One standard deviation more ${name} (${by} ${unit}) ${verb} the odds of ${origins[of]} against ${origins[against]} by ${amount(factor)}.`;
      }),
  );
}

/** Formats a number with a few significant digits and commas at the thousands. */
export const amount = (x: number, digits = 2): string => x.toLocaleString("en", { maximumSignificantDigits: digits });

/** Returns the standard deviation of each column over the training cars. */
export const deviationsOf = ({ scaling }: Model): number[] => scaling.std.toNested<number[]>();

/** Returns the odds of one origin against another for a car, before and after adding one standard deviation to a column. */
export function oddsMoved(model: Model, car: Car, { column, of, against }: OddsRatio): readonly [number, number] {
  const moved = { ...car, values: car.values.with(column, car.values[column]! + deviationsOf(model)[column]!) };
  const [before, after] = probabilities(model, [car, moved])
    .toNested<number[][]>()
    .map((row) => row[of]! / row[against]!);
  return [before!, after!];
}
