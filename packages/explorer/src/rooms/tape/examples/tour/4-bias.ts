// A bias, added to each row
import { record, type Tensor, tensor } from "@wengert/core";
import { add, mul, sum } from "@wengert/ops";

const X = tensor([[5, 1, 4], [2, 6, 3]], { label: "X" });
const G = tensor([[1, 0, 2], [3, 1, 0]], { label: "G" });

// The loss is the sum of all entries of G ⊙ (X + b).
const f = (b: Tensor) => sum(mul(G, add(X, b)));

record(f, tensor([1, -1, 2]));
