// Two variables, one product
import { record, type Tensor, tensor } from "@wengert/core";
import { add, mul, sin } from "@wengert/ops";

const f = (x: Tensor, y: Tensor) => add(mul(x, y), sin(x));

record(f, tensor(2), tensor(3));
