// The module `exercises`, which the exercises in the Tape room import. Each check prints that an answer is right, or a
// hint. It returns whether the answer is right.
export { todo } from "./check.ts";
export { checkHvp, checkRoots } from "./derivatives.ts";
export { checkBias, checkCotangents } from "./predict.ts";
export { checkCrossEntropy, checkJacobian, checkLogSumExp, checkMatmul, checkPullback, checkSigmoid } from "./rules.ts";
