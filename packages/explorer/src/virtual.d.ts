declare module "virtual:sandbox-worker" {
  /** The worker in which the reader's programs run, as the text of a script. */
  const code: string;
  export default code;
}

declare module "virtual:declarations" {
  export interface Declaration {
    readonly name: string;
    /** `softmax(x, { axis?, where? })` */
    readonly signature: string;
    readonly doc: string;
  }
  const all: readonly Declaration[];
  export default all;
}
