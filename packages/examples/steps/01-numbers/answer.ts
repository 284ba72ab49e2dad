import assert from "node:assert/strict";
import { exp, tensor } from "./tape.ts";

// How far is (exp(x + h) − exp(x − h)) / 2h from exp(x), at x = 1?
const f = (x: number) => exp(tensor(x)).item();
const error = (h: number) => Math.abs((f(1 + h) - f(1 - h)) / (2 * h) - Math.E);
for (let digits = 1; digits <= 15; digits++) console.log(`h = 1e-${digits}: error ${error(10 ** -digits).toExponential(0)}`);

// The formula is wrong by about h²/6 · exp(x). Both values have rounding errors of about 1e-16, which are divided by 2h.
assert(error(1e-5) < error(1e-2) && error(1e-5) < error(1e-9));
