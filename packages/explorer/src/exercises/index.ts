// The module `exercises`, which the exercises on the Tape page import. Each function checks an answer, prints that the
// answer is right or a hint, and returns whether it is right.
export { todo } from "./check.ts";
export { checkHvp, checkRoots } from "./derivatives.ts";
export { checkBias, checkCotangents } from "./predict.ts";
export { checkCrossEntropy, checkJacobian, checkLogSumExp, checkMatmul, checkPullback, checkSigmoid } from "./rules.ts";
