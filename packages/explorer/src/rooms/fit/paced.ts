import { effect, type ReadonlySignal, signal } from "@preact/signals";

/**
 * Returns a throttled copy of a signal, for pictures that are slow to draw. While `isFast` is true, the time between
 * two updates of the copy is at least `milliseconds`. The last value of the signal always reaches the copy.
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
