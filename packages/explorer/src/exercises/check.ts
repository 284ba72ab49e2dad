import { Tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";

/** The placeholder for an answer. */
export function todo(): never {
  throw new Todo();
}
class Todo extends Error {}

/** A common wrong answer to an exercise, and a hint for it. */
interface Slip<A> {
  readonly answer: A;
  readonly hint: string;
}

export interface Question<A, Case extends readonly unknown[]> {
  /** The task of the exercise, which is printed as long as the program still calls `todo`. */
  readonly task: string;
  readonly right: A;
  readonly slips: readonly Slip<A>[];
  /** The inputs for which the check compares the reader's answer with the right answer. */
  readonly cases: readonly Case[];
  /** The names of the inputs. */
  readonly names: readonly string[];
  readonly run: (answer: A, ...of: Case) => Tensor;
  /** The message for a right answer; empty if another question follows. */
  readonly praise: string;
}

/**
 * Prints that `answer` is right, or a hint. If `answer` throws an error, the page shows the error with its line in the
 * user's program.
 */
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
  if (!(came instanceof Tensor)) return `It returns ${String(came)}, which is not a tensor.`;
  if (String(came.shape) !== String(wanted.shape))
    return `It returns the shape [${came.shape.join(", ")}]; expected [${wanted.shape.join(", ")}].`;
  const given = each.map((value, i) => (value instanceof Tensor ? `\n${names[i]} = ${value}` : "")).join("");
  return `For${given}\nit returns\n${came}\nexpected\n${wanted}`;
}

const outcome = (of: () => unknown): unknown => {
  try {
    return of();
  } catch {
    return undefined; // a common wrong answer can throw on these inputs
  }
};

/** Returns whether two tensors are equal up to rounding errors, relative to their largest element. */
function isClose(a: unknown, b: unknown): boolean {
  if (!(a instanceof Tensor && b instanceof Tensor) || String(a.shape) !== String(b.shape)) return false;
  const [xs, ys] = [numbersOf(a), numbersOf(b)];
  const scale = Math.max(...ys.map(Math.abs).filter(Number.isFinite), 0);
  return ys.every((y, i) => Object.is(xs[i], y) || xs[i] === y || Math.abs(xs[i]! - y) <= 1e-9 * scale);
}

const numbersOf = (x: Tensor): number[] => Array.from(ravel(x.array!));

/** Checks each number of the user's answer. For each number, prints that it is right, or a hint. */
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
