// A chain of numbers
import { record, type Tensor, tensor } from "@wengert/core";
import { mul, square } from "@wengert/ops";

const f = (x: Tensor) => square(mul(x, 2));

record(f, tensor(3));
