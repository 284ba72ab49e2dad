// 8. A NaN behind a where
import { record, type Tensor, tensor } from "@wengert/core";
import { greater, sqrt, sum, where } from "@wengert/ops";
import { checkRoots } from "exercises";

// f sums the square roots of the positive elements. Its value is right, but its gradient at 0 is NaN. Fix f.
const f = (x: Tensor) => sum(where(greater(x, 0), sqrt(x), 0));

checkRoots(f);
record(f, tensor([4, 0, 9]));
