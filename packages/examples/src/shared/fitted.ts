import { WengertError } from "@wengert/core";
import type { Fit } from "@wengert/train";
import { InputError } from "./options.ts";

/** Awaits a fit. Turns invalid options and non-finite losses into an `InputError`, which the command prints in one line. */
export async function finishedFit<P>(fitting: Promise<Fit<P>>): Promise<Fit<P>> {
  const fitted = await fitting.catch((error: unknown) => {
    throw error instanceof WengertError ? new InputError(error.message.replace(/^\w+: /, "")) : error;
  });
  if (!fitted.nonFinite) return fitted;
  throw new InputError(`${fitted.nonFinite.message}; use a smaller --rate.`);
}
