import type { Text } from "./texts.ts";

export interface Verdict {
  readonly isRight: boolean;
  /** The hint for a wrong answer, or an empty string. */
  readonly hint: string;
}

/**
 * Checks an answer as the reader wrote it. A number may be a fraction, such as −3/4. Returns undefined if the answer is
 * not a number.
 */
export function verdictOn({ answer }: Text, given: string): Verdict | undefined {
  if (answer.kind === "choice") {
    const found = answer.options.find(([option]) => option === given);
    return found && { isRight: given === answer.right, hint: found[1] };
  }
  const x = numberIn(given);
  if (x === undefined) return undefined;
  const isClose = (y: number) => Math.abs(x - y) < 0.005;
  if (isClose(answer.right)) return { isRight: true, hint: "" };
  return { isRight: false, hint: answer.hints.find(([wrong]) => isClose(wrong))?.[1] ?? answer.otherwise };
}

/** Reads a number or a fraction. Accepts the minus sign "−" and a decimal comma. */
function numberIn(text: string): number | undefined {
  const plain = text.replaceAll("−", "-").replace(",", ".").replaceAll(/\s/g, "");
  const [, above, below = "1"] = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:\/(\d+))?$/.exec(plain) ?? [];
  return above === undefined || Number(below) === 0 ? undefined : Number(above) / Number(below);
}

/** Returns the right answer to a question of the tour, as text. */
export const rightAnswer = ({ answer }: Text): string =>
  answer.kind === "choice" ? answer.right : String(answer.right).replace("-", "−");
