import { effect, type ReadonlySignal, signal } from "@preact/signals";

/**
 * The same, but while `isFast` at most once in so many milliseconds: for pictures that take long to draw and need not be
 * of this very moment. The last value always comes.
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
