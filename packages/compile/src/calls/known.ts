import { type Program, type Tensor, trace, WengertError } from "@wengert/core";
import { setMessage } from "@wengert/core/extend";
import { builderOf } from "./rebuild.ts";
import { type Signature, signatureOf } from "./signature.ts";
import { warn } from "./warn.ts";

/** A traced call. */
export interface Traced<A extends readonly unknown[]> {
  readonly program: Program;
  readonly signature: Signature;
  readonly args: A;
  readonly inputs: readonly Tensor[];
  /** Whether the program is compiled for `repeat`, and not for single calls. */
  readonly repeats: boolean;
}

/** The compiled program of one signature. `P` is the type of compiled programs. */
interface Known<P> {
  readonly signature: Signature;
  readonly repeats: boolean;
  /** Returns the value of a call of the function: a tree that contains the tensors `outputs`. */
  readonly build: (outputs: readonly Tensor[]) => unknown;
  readonly plan: P;
}

/** A cache of the compiled programs of a function, for the most recently used signatures. */
export interface KnownPlans<A extends readonly unknown[], P> {
  /**
   * Returns the compiled program for the arguments, and writes the tensors of the arguments to `inputs`. Returns
   * `undefined` if the signature of the arguments is new.
   */
  readonly match: (args: A, inputs: Tensor[], repeats?: boolean) => Known<P> | undefined;
  /**
   * Returns the compiled program for the arguments, and writes the tensors of the arguments to `inputs`. Compiles the
   * function if the signature of the arguments is new.
   */
  readonly find: (args: A, inputs: Tensor[], repeats?: boolean) => Known<P>;
  /** Returns the number of signatures that were traced so far. */
  readonly count: () => number;
}

/**
 * Returns a cache of at most `maxPlans` compiled programs of `f`. `make` compiles the program for a new signature.
 * `drop` receives each program that leaves the cache.
 */
export function knownPlans<A extends readonly unknown[], P>(
  f: (...args: A) => unknown,
  maxPlans: number,
  make: (traced: Traced<A>) => P,
  drop: (plan: P) => void = () => {},
): KnownPlans<A, P> {
  const name = nameOf(f);
  const known: Known<P>[] = []; // the most recently used first
  let signatures = 0;
  let difference: string | undefined; // of the last arguments from the most recent signature
  const match = (args: A, inputs: Tensor[], repeats = false): Known<P> | undefined => {
    difference = undefined;
    for (let i = 0; i < known.length; i++) {
      inputs.length = 0;
      const found = known[i]!.signature.difference(args, inputs);
      difference ??= found;
      if (found !== undefined || known[i]!.repeats !== repeats) continue;
      if (i > 0) known.unshift(...known.splice(i, 1));
      return known[0]!;
    }
    return undefined;
  };
  return {
    match,
    find: (args, inputs, repeats = false) => {
      const matching = match(args, inputs, repeats);
      if (matching !== undefined) return matching;
      inputs.length = 0;
      const signature = signatureOf(f, args, inputs);
      const program = traceWith(f, signature, inputs);
      const plan = make({ program, signature, args, inputs, repeats });
      known.unshift({ signature, repeats, build: builderOf(program.value), plan });
      if (known.length > maxPlans) drop(known.pop()!.plan);
      if (++signatures === maxPlans + 1 && difference !== undefined)
        warn(
          `compile: ${name} was traced ${signatures} times, because the arguments keep changing; in the last call, ${difference}; pass numbers that change as tensors, and give tensors a fixed shape`,
        );
      return known[0]!;
    },
    count: () => signatures,
  };
}

/** Returns the name that error messages show for a function. */
export const nameOf = (f: { readonly name: string }): string => f.name || "the compiled function";

/** Traces `f` with the tensors of its arguments as inputs. Other values are constants of the program. */
function traceWith<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  { names, withTensors }: Signature,
  inputs: readonly Tensor[],
): Program {
  const run = (given: readonly Tensor[]): R => f(...(withTensors(given) as unknown as A));
  const specs = inputs.map(({ shape, dtype, label }, i) => ({ shape, dtype, label: label ?? names[i] }));
  try {
    return trace(run as never, specs as never) as unknown as Program;
  } catch (error) {
    if (error instanceof WengertError) setMessage(error, error.message.replace(/^trace: /, "compile: "));
    throw error;
  }
}
