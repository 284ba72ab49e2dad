import { WengertError } from "@wengert/core";
import type { Fit } from "@wengert/train";
import { InputError } from "./options.ts";

/** Awaits a fit. Converts errors about options and non-finite losses to an `InputError`, so the command prints one line. */
export async function finishedFit<P>(fitting: Promise<Fit<P>>): Promise<Fit<P>> {
  const fitted = await fitting.catch((error: unknown) => {
    throw error instanceof WengertError ? new InputError(error.message.replace(/^\w+: /, "")) : error;
  });
  if (!fitted.nonFinite) return fitted;
  throw new InputError(`${fitted.nonFinite.message}; use a smaller --rate.`);
}
