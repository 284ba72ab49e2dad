// 4. The Jacobian of softmax
import { record, tensor } from "@wengert/core";
import { softmax } from "@wengert/ops";
import { checkJacobian, todo } from "exercises";

// Softmax is s[i] = exp(x[i]) / D, where D is the sum of all exp(x[k]). By the quotient rule, what is the derivative of
// s[i] with respect to x[j]? Use only s[0], s[1], …
const entry = (s: readonly number[], i: number, j: number): number => todo();

if (checkJacobian(entry)) record(softmax, tensor([2, 1, 0]));
