declare module "virtual:sandbox-worker" {
  /** The worker in which the reader's programs run, as the text of a script. */
  const code: string;
  export default code;
}

declare module "virtual:declarations" {
  export interface Declaration {
    readonly name: string;
    /** The module that exports it: `@wengert/ops`. */
    readonly module: string;
    /** `softmax(x, { axis?, where? })` */
    readonly signature: string;
    readonly doc: string;
  }
  const all: readonly Declaration[];
  export default all;
}

declare module "virtual:examples" {
  export interface Example {
    readonly name: string;
    readonly title: string;
    readonly code: string;
    readonly javascript: string;
    readonly isExercise: boolean;
  }
  const all: readonly [Example, ...Example[]];
  export default all;
}

declare module "virtual:rules" {
  /** By the name of an op, its rules as they are written, one an input or one for all. */
  const rules: Readonly<Record<string, readonly string[]>>;
  export default rules;
}

declare module "virtual:digits" {
  /** A figure an image. */
  export const labels: string;
  /** Two pixels a byte, 16 shades each, deflated, in base 64. */
  export const images: string;
}

declare module "virtual:penguins" {
  /** CSV. */
  const text: string;
  export default text;
}
