import { compile, type PlanReport } from "@wengert/compile";
import type { Program, Tensor } from "@wengert/core";
import { failureOf } from "./failure.ts";
import { type NameOf, namesOf, paramsText } from "./names.ts";
import type { PlanData, PlanRow } from "./protocol.ts";

// The plan of a recorded function as plain data: its list after each pass, its instructions, and its memory.

type ProgramStep = Program["steps"][number];

const longest = 2000; // the maximum number of steps of a plan that the page shows

/** Returns the plan of a function for arguments, or the error of the compiler. `names` are the names of the inputs. */
export function planOf(
  f: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
  names: readonly string[],
): PlanData {
  try {
    return dataOf(compile(f as (...args: readonly unknown[]) => Tensor).plan(...args), names);
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

function dataOf(
  { programs, passes, instructions, bytes, scratchBytes }: PlanReport,
  names: readonly string[],
): PlanData {
  const traced = programs[0]!.program;
  const nameOf = namesOf(traced);
  const inputs = traced.inputs.map(
    (x, i) => [x, names.length === traced.inputs.length ? names[i]! : nameOf(x)] as const,
  );
  const last = programs.at(-1)!.program;
  const lists = programs.map(({ program }) => new Map(program.steps.map((step) => [step.output, step])));
  const ofInputs = new Map(inputs);
  const name: NameOf = (tensor) => ofInputs.get(tensor) ?? nameOf(tensor).replace(/^(#\S+) .*/, "$1"); // without labels
  const instructionOf = assigned(last.steps, instructions, passes.at(-1)![1]);
  const rows = traced.steps.slice(0, longest).map((step, i): PlanRow => {
    const dropped = lists.findIndex((list) => !list.has(step.output));
    const inputsNow = lists.map((list) => (list.get(step.output)?.inputs ?? []).map((x) => name(x) || "c").join(", "));
    return {
      number: `#${i + 1}`,
      op: step.op.name,
      params: paramsText(step as never),
      inputs: inputsNow,
      shape: [...step.output.shape],
      dropped: dropped < 0 ? undefined : dropped,
      isView: dropped < 0 && step.op.view !== undefined,
      instruction: instructionOf?.get(step.output),
    };
  });
  return {
    passes: programs.map(({ name: pass, program }) => [pass, program.steps.length]),
    inputs: inputs.map(([{ shape }, text]) => ({ name: text, shape: [...shape] })),
    rows,
    outputs: programs.map(({ program }) => program.outputs.map((x) => name(x) || "c").join(", ")),
    left: traced.steps.length - rows.length,
    instructions,
    bytes,
    scratchBytes,
    apart: [...traced.inputs, ...traced.steps.map(({ output }) => output)].reduce((sum, x) => sum + bytesOf(x), 0),
  };
}

const widths = { float64: 8, float32: 4, int32: 4, bool: 1 } as const;
const bytesOf = ({ size, dtype }: Tensor): number => size * widths[dtype];

/**
 * Maps the output of each step to the index of its instruction. A plan reports its instructions only as text, so this
 * function finds the steps by the names and shapes in the text. Returns undefined if it cannot find them all.
 */
function assigned(
  all: readonly ProgramStep[],
  instructions: readonly string[],
  computed: number,
): ReadonlyMap<Tensor, number> | undefined {
  const steps = all.filter(({ op }) => op.view === undefined);
  if (steps.length !== computed) return undefined;
  const found = new Map<Tensor, number>();
  const take = (place: number, fits: (step: ProgramStep) => boolean): boolean => {
    const step = steps.find((each) => !found.has(each.output) && fits(each));
    if (step) found.set(step.output, place);
    return step !== undefined;
  };
  const kernels: number[] = [];
  for (const [place, text] of instructions.entries()) {
    const [, shape, names] = /^loop over \[(.*)\] \w+: (.*)$/.exec(text) ?? [];
    const [, op] = /^op (.*)$/.exec(text) ?? [];
    if (names !== undefined) {
      for (const name of names.split(", ")) {
        const isSum = name === "sum" || name === "mean";
        const fits = (step: ProgramStep) => step.op.name === name && (isSum || step.output.shape.join(", ") === shape);
        if (!take(place, fits)) return undefined;
      }
    } else if (op === undefined) kernels.push(place);
    else if (!take(place, (step) => step.op.name === op)) return undefined;
  }
  const others = steps.filter(({ output }) => !found.has(output));
  if (others.length !== kernels.length) return undefined;
  for (const [i, { output }] of others.entries()) found.set(output, kernels[i]!);
  const isInOrder = all.every(({ inputs, output }) => {
    const own = found.get(output);
    return own === undefined || inputs.every((x) => (found.get(x) ?? -1) <= own);
  });
  return isInOrder ? found : undefined;
}
