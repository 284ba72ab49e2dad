// What the exercises of the Tape room import as "exercises". A check prints what is right or wrong with an answer, with a hint, and
// returns whether it is right.
export { todo } from "./check.ts";
export { checkHvp, checkRoots } from "./derivatives.ts";
export { checkBias, checkCotangents } from "./predict.ts";
export { checkCrossEntropy, checkJacobian, checkLogSumExp, checkMatmul, checkPullback, checkSigmoid } from "./rules.ts";
