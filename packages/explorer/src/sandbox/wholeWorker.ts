import * as exercises from "../exercises/index.ts";
import { planOf } from "./plans.ts";
import { extend } from "./worker.ts";

// The worker with the whole library: the kernels, the compiler, and the checks of the exercises. It runs the programs that
// the reader writes. Built-in examples run in the smaller worker, so that the page opens sooner.

extend({ exercises }, planOf);
