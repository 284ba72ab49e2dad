import { ArgumentError, type Tensor } from "@wengert/core";
import { show } from "@wengert/core/extend";

/**
 * Returns a faster function with the same values, as `compile` of `@wengert/compile` does. The arguments and the value
 * are trees of tensors. The faster function may return a promise.
 */
export type Compile = (f: (...trees: Tensor[]) => Tensor) => (...trees: Tensor[]) => Tensor | Promise<Tensor>;

/** Returns the option `compile`. @throws ArgumentError unless the option is a function or `undefined` */
export function compileOption(caller: string, compile: unknown): Compile | undefined {
  if (compile === undefined || typeof compile === "function") return compile as Compile | undefined;
  throw new ArgumentError(
    `${caller}: compile must be a function, got ${show(compile)}; import { compile } from @wengert/compile and write { compile }`,
  );
}

/**
 * Calls a compiled function. If a call fails although the uncompiled function succeeds, for example because a loss
 * reads values, the uncompiled function runs in this and all later calls, and a warning gives the reason.
 */
export class Attempt<A extends readonly unknown[], R> {
  readonly #caller: string;
  readonly #subject: string;
  #run: ((...args: A) => R | Promise<R>) | undefined;

  /** `subject` names the function in warnings, such as "the training step". */
  constructor(caller: string, subject: string, compile: Compile, f: (...args: A) => R) {
    this.#caller = caller;
    this.#subject = subject;
    this.#run = compile(f as never) as unknown as (...args: A) => R | Promise<R>;
  }

  /** Returns the value of the compiled function, or of `eagerly` if the compiled function fails. */
  call<E>(args: A, eagerly: () => E): R | E | Promise<R | E> {
    if (this.#run === undefined) return eagerly();
    try {
      const value = this.#run(...args);
      return value instanceof Promise ? value.catch((error) => this.#retreat(error, eagerly)) : value;
    } catch (error) {
      return this.#retreat(error, eagerly);
    }
  }

  /**
   * Like `call`, but never returns a promise. If the compiled function returns a promise, runs the uncompiled function
   * instead.
   */
  callNow<E>(args: A, eagerly: () => E): R | E {
    const value = this.call(args, eagerly);
    if (!(value instanceof Promise)) return value;
    value.catch(() => {}); // `eagerly` throws the same error
    return this.#retreat(new Error("the compiled function returns a promise"), eagerly);
  }

  #retreat<E>(error: unknown, eagerly: () => E): E {
    const value = eagerly(); // throws if the arguments are wrong
    this.#run = undefined;
    const message = error instanceof Error ? error.message : String(error);
    const reason = message.startsWith(`${this.#caller}: `) ? message.slice(this.#caller.length + 2) : message;
    console.warn(`${this.#caller}: ${this.#subject} runs without compile, because of an error: ${reason}`);
    return value;
  }
}

/** Returns `f`, compiled if `compile` is given. */
export function compiledWith<A extends readonly unknown[], R>(
  caller: string,
  subject: string,
  compile: Compile | undefined,
  f: (...args: A) => R,
): (...args: A) => R {
  if (compile === undefined) return f;
  const attempt = new Attempt(caller, subject, compile, f);
  return (...args) => attempt.callNow(args, () => f(...args));
}
