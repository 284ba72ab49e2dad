/** Prints a warning. Every platform with JavaScript has `console`, but the language's own declarations lack it. */
export function warn(message: string): void {
  const { console } = globalThis as { console?: { warn(message: string): void } };
  console?.warn(message);
}
