import { WengertError } from "@wengert/core";
import type { Fit } from "@wengert/train";
import { InputError } from "./options.ts";

/** What is at the options is told in a line, as are numbers that overflow. */
export async function toldOfMistakes<P>(fitting: Promise<Fit<P>>): Promise<Fit<P>> {
  const fitted = await fitting.catch((error: unknown) => {
    throw error instanceof WengertError ? new InputError(error.message.replace(/^\w+: /, "")) : error;
  });
  if (!fitted.nonFinite) return fitted;
  throw new InputError(`${fitted.nonFinite.message}: a smaller --rate keeps it finite.`);
}
