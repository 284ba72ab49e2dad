/** A stop of the tour: the name and the URL parameters of the page beside the question. */
export interface Stop {
  readonly name: string;
  readonly room: string;
  /** The URL parameters of the page before the reader answers the question. */
  readonly fields: Readonly<Record<string, string>>;
  /**
   * The URL parameters that change when the reader answers the question. With these parameters, the page shows the
   * answer.
   */
  readonly after: Readonly<Record<string, string>>;
  /** Whether the page is hidden until the reader has answered the question, because the page shows the answer. */
  readonly isHidden?: boolean;
}

const softmax = { part: "pullback", x: `${Math.log(2)} 0 0`, g: "2 0 8" };

/** The stops of the tour, in order. Each has an address, such as `#/tour/bias`. `src/tour/texts.ts` has their texts. */
export const stops: readonly Stop[] = [
  { name: "chain", room: "tape", fields: { example: "tour-chain", at: "2" }, after: { at: "6" } },
  { name: "list", room: "tape", fields: { example: "tour-list" }, after: { at: "2" }, isHidden: true },
  { name: "sweep", room: "tape", fields: { example: "tour-list", at: "4" }, after: { at: "5" } },
  { name: "twice", room: "tape", fields: { example: "tour-twice", at: "4" }, after: { at: "5" } },
  { name: "bias", room: "tape", fields: { example: "tour-bias", at: "6" }, after: { at: "7" } },
  { name: "matmul", room: "tape", fields: { example: "tour-matmul", at: "6" }, after: { at: "7" } },
  { name: "softmax-mean", room: "softmax", fields: softmax, after: { stage: "1" } },
  { name: "softmax-difference", room: "softmax", fields: { ...softmax, stage: "1" }, after: { stage: "2" } },
  { name: "softmax-scale", room: "softmax", fields: { ...softmax, stage: "2" }, after: { stage: "3" } },
  { name: "cross-entropy", room: "tape", fields: { example: "tour-cross-entropy", at: "10" }, after: { at: "11" } },
  { name: "second-order", room: "tape", fields: { example: "tour-cube", order: "2", at: "9" }, after: { at: "20" } },
  { name: "training", room: "fit", fields: { set: "blobs" }, after: {} },
];
