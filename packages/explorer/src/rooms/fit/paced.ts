import { effect, type ReadonlySignal, signal } from "@preact/signals";

/**
 * Throttles a signal: while `isFast`, it updates at most once per `milliseconds`. For pictures that are slow to draw. The last
 * value always arrives.
 */
export function paced<T>(
  from: ReadonlySignal<T>,
  milliseconds: number,
  isFast: ReadonlySignal<boolean>,
): ReadonlySignal<T> {
  const to = signal(from.peek());
  let timer: number | undefined;
  const take = () => {
    clearTimeout(timer);
    timer = undefined;
    to.value = from.peek();
  };
  effect(() => {
    from.value;
    if (!isFast.value) take();
    else timer ??= setTimeout(take, milliseconds) as unknown as number;
  });
  return to;
}
