import assert from "node:assert/strict";
import { exp, tensor } from "./tape.ts";

// Prints the error of the finite difference (exp(x + h) − exp(x − h)) / 2h at x = 1, for h from 0.1 down to 1e-15
const f = (x: number) => exp(tensor(x)).item();
const error = (h: number) => Math.abs((f(1 + h) - f(1 - h)) / (2 * h) - Math.E);
for (let digits = 1; digits <= 15; digits++) console.log(`h = 1e-${digits}: error ${error(10 ** -digits).toExponential(0)}`);

// In a central difference, a smaller step h decreases the truncation error, about h²/6 · exp(x), but increases the
// rounding error, about 1e-16 / 2h.
assert(error(1e-5) < error(1e-2) && error(1e-5) < error(1e-9));
