// 8. A NaN behind a where
import { record, type Tensor, tensor } from "@wengert/core";
import { greater, sqrt, sum, where } from "@wengert/ops";
import { checkRoots } from "exercises";

// The sum of the roots of the positive elements. The value is right, but the gradient at 0 is NaN. Fix f.
const f = (x: Tensor) => sum(where(greater(x, 0), sqrt(x), 0));

checkRoots(f);
record(f, tensor([4, 0, 9]));
