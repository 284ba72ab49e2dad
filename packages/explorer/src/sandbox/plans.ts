import { compile, type PlanReport } from "@wengert/compile";
import type { Tensor } from "@wengert/core";
import { failureOf } from "./failure.ts";
import { type NameOf, namesOf, paramsText } from "./names.ts";
import type { BufferData, PlanData, PlanRow } from "./protocol.ts";

// Converts the plan of a recorded function to plain data: the steps after each pass of the compiler, the instructions,
// and the memory.

const longest = 2000; // the maximum number of steps of a plan that the page shows
const mostBuffers = 2000; // the maximum number of buffers that the page draws

/**
 * Compiles `f` for `args`. Returns the plan, or the error of the compiler. `names` are the names of the input tensors.
 * When the compiler traces `f`, the set `ofSweep` receives the tensors of the backward pass.
 */
export function planOf(
  f: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
  names: readonly string[],
  ofSweep: ReadonlySet<Tensor> = new Set(),
): PlanData {
  try {
    return dataOf(compile(f as (...args: readonly unknown[]) => Tensor).plan(...args), names, ofSweep);
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

function dataOf(
  { programs, instructions, buffers, bytes, scratchBytes }: PlanReport,
  names: readonly string[],
  ofSweep: ReadonlySet<Tensor>,
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
  const instructionOf = new Map(
    instructions.flatMap(({ steps }, i) => steps.map((k) => [last.steps[k]!.output, i] as const)),
  );
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
      instruction: instructionOf.get(step.output),
    };
  });
  const placeOf = new Map(traced.steps.map(({ output }, i) => [output, i]));
  const held = ({ inputs: ofProgram, constants, steps }: PlanReport["buffers"][number]): Tensor[] => [
    ...ofProgram.map((k) => last.inputs[k]!),
    ...constants.map((k) => last.constants[k]!),
    ...steps.map((k) => last.steps[k]!.output),
  ];
  const nameOfHeld = (x: Tensor) => name(x) || "a constant";
  const allBuffers = buffers.map((buffer): BufferData => {
    const { address, bytes: size, first, last: end, inputs: ofProgram, constants, steps, reuses } = buffer;
    const outputs = steps.map((k) => last.steps[k]!.output);
    const kind =
      ofProgram.length > 0
        ? "input"
        : constants.length > 0
          ? "constant"
          : outputs.every((x) => ofSweep.has(x))
            ? "cotangent"
            : "value";
    return {
      address,
      bytes: size,
      first,
      last: end,
      kind,
      isResult: held(buffer).some((x) => last.outputs.includes(x)),
      names: held(buffer).map(nameOfHeld),
      steps: outputs.map((x) => placeOf.get(x) ?? -1),
      inputs: ofProgram,
      takesOver: reuses.flatMap((k) => held(buffers[k]!).map(nameOfHeld)),
    };
  });
  const largest = new Set(allBuffers.toSorted((a, b) => b.bytes - a.bytes).slice(0, mostBuffers));
  return {
    buffers: allBuffers.filter((each) => largest.has(each)),
    buffersLeft: allBuffers.length - largest.size,
    passes: programs.map(({ name: pass, program }) => [pass, program.steps.length]),
    inputs: inputs.map(([{ shape }, text]) => ({ name: text, shape: [...shape] })),
    rows,
    outputs: programs.map(({ program }) => program.outputs.map((x) => name(x) || "c").join(", ")),
    left: traced.steps.length - rows.length,
    instructions: instructions.map(({ text }) => text),
    bytes,
    scratchBytes,
    apart: [...traced.inputs, ...traced.steps.map(({ output }) => output)].reduce((sum, x) => sum + bytesOf(x), 0),
  };
}

const widths = { float64: 8, float32: 4, int32: 4, bool: 1 } as const;
const bytesOf = ({ size, dtype }: Tensor): number => size * widths[dtype];
