import { checkNumbers } from "./check.ts";

// Numbers to be found on paper: exercises 1 and 2.

/** f(x, y) = (x + y) y at x = 2, y = 3. */
export const checkCotangents = (given: { readonly "#1": number; readonly x: number; readonly y: number }): boolean =>
  checkNumbers(
    given,
    { "#1": 3, x: 3, y: 8 },
    {
      "#1": (n) =>
        n === 5
          ? "5 is the value of #1. Its cotangent is what the result gains when #1 gains 1: the other factor."
          : "The rule of a product: the cotangent of one factor is g times the other factor. Here g is 1.",
      x: () => "The rule of a sum: each term gets the cotangent of the sum, as it is. The sum is #1.",
      y: (n) =>
        n === 3 || n === 5
          ? "That is one of two ways back. y was used twice, by #1 and by #2: what comes back by both is added."
          : "y was used by #2, which gives it the other factor, and by #1, which gives it the cotangent of #1. Add them.",
    },
    "All right. Step through the list with the arrow keys: the sweep finds the same numbers, in the same order.",
  );

/** Σ G ⊙ (X + b), with G = [[1, 2], [3, 4], [5, 6]]: the cotangent of b. */
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
      return "That is what comes back from one row. b was added to each of the three, so three cotangents come back.";
    if (n === columns[i] / 3) return "That is a mean. Nothing divides here: cotangents of copies are added.";
    if (n === 21) return "That is the sum of all of G. b has two numbers, each with a column of its own.";
    return "X + b repeats b for every row. Coming back, the cotangents of the copies are added: sum G along axis 0.";
  };
  return checkNumbers(
    given,
    { "b[0]": 9, "b[1]": 12 },
    { "b[0]": hint(0), "b[1]": hint(1) },
    "All right. What is repeated on the way forward is summed on the way back. See the pull of add: axis 0 is summed.",
  );
};
