// 4. The Jacobian of softmax
import { record, tensor } from "@wengert/core";
import { softmax } from "@wengert/ops";
import { checkJacobian, todo } from "exercises";

// Softmax is sᵢ = exp(xᵢ) / Σₖ exp(xₖ). By the quotient rule, what is ∂sᵢ/∂xⱼ? Use only s[0], s[1], …
const entry = (s: readonly number[], i: number, j: number): number => todo();

if (checkJacobian(entry)) record(softmax, tensor([2, 1, 0]));
