// The list of a program
import { record, type Tensor, tensor } from "@wengert/core";
import { mul, square } from "@wengert/ops";

const area = (w: Tensor, h: Tensor) => mul(w, h);

const f = (x: Tensor, y: Tensor) => {
  const a = area(x, y);
  return square(a);
};

record(f, tensor(5), tensor(2));
