// A cube, for second derivatives
import { record, type Tensor, tensor } from "@wengert/core";
import { mul } from "@wengert/ops";

const f = (x: Tensor) => mul(mul(x, x), x);

record(f, tensor(3));
