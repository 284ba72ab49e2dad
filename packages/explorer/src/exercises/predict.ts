import { checkNumbers } from "./check.ts";

// Exercises 1 and 2, in which the user computes cotangents on paper.

/** Checks the cotangents of f(x, y) = (x + y) y at x = 2, y = 3. */
export const checkCotangents = (given: { readonly "#1": number; readonly x: number; readonly y: number }): boolean =>
  checkNumbers(
    given,
    { "#1": 3, x: 3, y: 8 },
    {
      "#1": (n) =>
        n === 5
          ? "5 is the value of #1. Its cotangent is the change of the result when #1 grows by 1: the other factor."
          : "Product rule: the cotangent of one factor is g times the other factor. Here g is 1.",
      x: () => "Sum rule: each term gets the cotangent of the sum, unchanged. The sum is #1.",
      y: (n) =>
        n === 3 || n === 5
          ? "That is one of two contributions. y is used twice, by #1 and by #2, so both contributions are added."
          : "y is used by #2, which contributes the other factor, and by #1, which contributes the cotangent of #1. Add them.",
    },
    "All right. Step through the list with the arrow keys: the sweep finds the same numbers, in the same order.",
  );

/** Checks the cotangent of the bias b, where the loss is Σ G ⊙ (X + b) with G = [[1, 2], [3, 4], [5, 6]]. */
export const checkBias = (given: { readonly "b[0]": number; readonly "b[1]": number }): boolean => {
  const [rows, columns] = [
    [
      [1, 3, 5],
      [2, 4, 6],
    ],
    [9, 12],
  ] as const;
  const hint = (i: 0 | 1) => (n: number) => {
    if ((rows[i] as readonly number[]).includes(n))
      return "That is the contribution of one row. b is added to each of the three rows, so three contributions are added.";
    if (n === columns[i] / 3) return "That is a mean. Nothing is divided here: the cotangents of the copies are added.";
    if (n === 21) return "That is the sum of all of G. b has two numbers, one for each column.";
    return "X + b repeats b for every row. In the sweep the cotangents of the copies are added: sum G along axis 0.";
  };
  return checkNumbers(
    given,
    { "b[0]": 9, "b[1]": 12 },
    { "b[0]": hint(0), "b[1]": hint(1) },
    "All right. An axis that is broadcast going forward is summed in the sweep. See the pull of add: it sums axis 0.",
  );
};
