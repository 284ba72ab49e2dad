declare module "virtual:sandbox-worker" {
  /** The script of the worker that runs user programs, as text. */
  const code: string;
  export default code;
}

declare module "virtual:declarations" {
  export interface Declaration {
    readonly name: string;
    /** The import name of the module that exports a function, such as `@wengert/ops`. */
    readonly module: string;
    /** The signature of the function, such as `softmax(x, { axis?, where? })`. */
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
    readonly kind: "example" | "exercise" | "tour";
  }
  const all: readonly [Example, ...Example[]];
  export default all;
}

declare module "virtual:programs/*" {
  export interface Program {
    readonly code: string;
    readonly javascript: string;
  }
  /** Example programs, by the name of the example. */
  const programs: Readonly<Record<string, Program>>;
  export default programs;
}

declare module "virtual:rules" {
  /**
   * The source code of the VJP rules, by the name of the op. An op has a rule for each input, or a single rule for all
   * inputs.
   */
  const rules: Readonly<Record<string, readonly string[]>>;
  export default rules;
}

declare module "virtual:digits" {
  /** The labels of the images as a string with a digit for each image. */
  export const labels: string;
  /**
   * The pixels of the digits in 16 shades of gray. Two pixels are packed into each byte; the bytes are compressed
   * (deflate) and encoded in base64.
   */
  export const images: string;
}

declare module "virtual:penguins" {
  /** The penguins data set as CSV text. */
  const text: string;
  export default text;
}
