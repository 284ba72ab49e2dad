import { Tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";

/** Stands where an answer is to be written. */
export function todo(): never {
  throw new Todo();
}
class Todo extends Error {}

/** A wrong answer that many give, and what helps then. */
interface Slip<A> {
  readonly answer: A;
  readonly hint: string;
}

export interface Question<A, Case extends readonly unknown[]> {
  /** What is to be written, for who has not begun. */
  readonly task: string;
  readonly right: A;
  readonly slips: readonly Slip<A>[];
  /** What answers are tried on. */
  readonly cases: readonly Case[];
  /** What those are called. */
  readonly names: readonly string[];
  readonly run: (answer: A, ...of: Case) => Tensor;
  /** What there is to know once it is right; nothing, if more is to be checked. */
  readonly praise: string;
}

/** Prints what is right or wrong with `answer`. An error of its own comes out as it is, with its line. */
export function check<A, Case extends readonly unknown[]>(question: Question<A, Case>, answer: A): boolean {
  const { cases, run, right, praise, task } = question;
  try {
    for (const each of cases) {
      const came: unknown = run(answer, ...each);
      if (isClose(came, run(right, ...each))) continue;
      console.log(`Not right. ${whatIsWrong(question, each, came)}`);
      return false;
    }
  } catch (error) {
    if (!(error instanceof Todo)) throw error;
    console.log(`Not yet. ${task}`);
    return false;
  }
  if (praise !== "") console.log(`Right. ${praise}`);
  return true;
}

function whatIsWrong<A, Case extends readonly unknown[]>(
  { slips, run, right, names }: Question<A, Case>,
  each: Case,
  came: unknown,
): string {
  const slip = slips.find(({ answer }) =>
    isClose(
      came,
      outcome(() => run(answer, ...each)),
    ),
  );
  if (slip) return slip.hint;
  const wanted = run(right, ...each);
  if (!(came instanceof Tensor)) return `It gives ${String(came)}, which is no tensor.`;
  if (String(came.shape) !== String(wanted.shape))
    return `It gives the shape [${came.shape.join(", ")}], and should give [${wanted.shape.join(", ")}].`;
  const given = each.map((value, i) => (value instanceof Tensor ? `\n${names[i]} = ${value}` : "")).join("");
  return `For${given}\nit gives\n${came}\nand should give\n${wanted}`;
}

const outcome = (of: () => unknown): unknown => {
  try {
    return of();
  } catch {
    return undefined; // a slip that fails here is another one's
  }
};

/** Whether two tensors are the same but for rounding, measured by the largest number. */
function isClose(a: unknown, b: unknown): boolean {
  if (!(a instanceof Tensor && b instanceof Tensor) || String(a.shape) !== String(b.shape)) return false;
  const [xs, ys] = [numbersOf(a), numbersOf(b)];
  const scale = Math.max(...ys.map(Math.abs).filter(Number.isFinite), 0);
  return ys.every((y, i) => Object.is(xs[i], y) || xs[i] === y || Math.abs(xs[i]! - y) <= 1e-9 * scale);
}

const numbersOf = (x: Tensor): number[] => Array.from(ravel(x.array!));

/** Prints, for each number that is asked for, whether it is right; `hints` by name and number. */
export function checkNumbers<N extends string>(
  given: Readonly<Record<N, number>>,
  right: Readonly<Record<N, number>>,
  hints: Readonly<Record<N, (given: number) => string>>,
  praise: string,
): boolean {
  let rights = 0;
  const names = Object.keys(right) as N[];
  for (const name of names) {
    const number: unknown = given[name];
    if (typeof number !== "number" || Number.isNaN(number)) console.log(`${name}: not yet`);
    else if (Math.abs(number - right[name]) <= 1e-6) {
      console.log(`${name}: ${number} is right`);
      rights++;
    } else console.log(`${name}: ${number} is not right. ${hints[name](number)}`);
  }
  if (rights < names.length) return false;
  console.log(praise);
  return true;
}
