import { planOf } from "./plans.ts";
import { usePlans } from "./worker.ts";

// The worker of a program whose plan the page shows. It is larger than the other worker, because it has the compiler.

usePlans(planOf);
