// A value that two steps use
import { record, type Tensor, tensor } from "@wengert/core";
import { add, mul } from "@wengert/ops";

const f = (x: Tensor) => mul(add(x, 1), x);

record(f, tensor(3));
