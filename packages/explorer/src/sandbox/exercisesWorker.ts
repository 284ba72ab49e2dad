import * as exercises from "../exercises/index.ts";
import { extend } from "./worker.ts";

// The worker that runs the exercises before the reader edits them. It also has the checks of the exercises.

extend({ exercises });
