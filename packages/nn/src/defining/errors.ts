import { WengertError } from "@wengert/core";
import { setMessage } from "@wengert/core/extend";

/** Runs `body`. If `body` throws a WengertError, its message begins with `name`, the name of the layer. */
export function withName<T>(name: string, body: () => T): T {
  return withPrefix(`${name}: `, name, body);
}

/**
 * Runs `body`, which calls a layer inside a combination. If `body` throws a WengertError, `place` replaces the layer's
 * name in the message: "dense: …" becomes "layer 2 (dense): …".
 */
export function withPlace<T>(place: string, { name }: { readonly name: string }, body: () => T): T {
  return withPrefix(`${place} (${name}): `, name, body);
}

/**
 * Runs `body`. In the message of a WengertError that `body` throws, replaces the start "name: ", if any, by `prefix`.
 */
function withPrefix<T>(prefix: string, name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof WengertError) {
      const { message } = error;
      setMessage(error, prefix + (message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message));
    }
    throw error;
  }
}
