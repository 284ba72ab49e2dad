declare module "virtual:sandbox-worker" {
  /** The script of the worker that runs the reader's programs, as text. */
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
  /** The source of the VJP rules by the name of the op: one per input, or one for all inputs. */
  const rules: Readonly<Record<string, readonly string[]>>;
  export default rules;
}

declare module "virtual:digits" {
  /** One digit character per image. */
  export const labels: string;
  /** Two pixels per byte, 16 shades each, deflated, in base64. */
  export const images: string;
}

declare module "virtual:penguins" {
  /** CSV. */
  const text: string;
  export default text;
}
