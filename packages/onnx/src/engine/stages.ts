import { type Step as AnyStep, ArgumentError, type Program, type Tensor } from "@wengert/core";
import { bodyOf, shapeText } from "@wengert/core/extend";

type Step = Program["steps"][number];

/** A part of a program. The ops of Wengert run the part if `isHost`, and ONNX Runtime runs it otherwise. */
export interface Stage {
  readonly isHost: boolean;
  readonly program: Program;
}

/** The largest number of elements of a float64 tensor in a program for a runtime without float64. */
const maxElements = 1024;

/**
 * Divides a program into stages for a runtime without float64. The ops of Wengert compute float64 tensors, such as the
 * correction factors of Adam, and ONNX Runtime computes the other tensors.
 * @throws ArgumentError if a float64 tensor has more than 1024 elements
 */
export function stagesOf(program: Program): Stage[] {
  // The stages alternate: the ops of Wengert run the stages 0, 2, …, and ONNX Runtime runs the stages 1, 3, ….
  const stageOf = new Map<Tensor, number>();
  const stages: Step[][] = [];
  for (const step of program.steps) {
    const { inputs, output } = step;
    const first = Math.max(0, ...inputs.map((x) => stageOf.get(x) ?? 0));
    const isHost = usesFloat64(step);
    if (isHost) checkSizes(step);
    // The ops of Wengert also compute scalars that depend only on scalar arguments, such as the number of the training
    // step in Adam. This saves ONNX Runtime an additional session before the float64 steps that read these scalars.
    const isScalar = first === 0 && [...inputs, output].every(({ size }) => size === 1);
    const stage = isScalar || (first % 2 === 0) === isHost ? first : first + 1;
    stageOf.set(output, stage);
    stages[stage] ??= [];
    stages[stage].push(step);
  }
  const outputs = new Set(program.outputs);
  return Array.from(stages, (steps = [], k) => {
    const readLater = new Set(stages.slice(k + 1).flatMap((later = []) => later.flatMap(({ inputs }) => inputs)));
    return { isHost: k % 2 === 0, program: partOf(program, steps, (x) => outputs.has(x) || readLater.has(x)) };
  }).filter(({ program }) => program.steps.length > 0);
}

function partOf({ constants: all }: Program, steps: readonly Step[], isResult: (x: Tensor) => boolean): Program {
  const made = new Set(steps.map(({ output }) => output));
  const read = new Set(steps.flatMap(({ inputs }) => inputs));
  const constants = all.filter((x) => read.has(x));
  const inputs = [...read].filter((x) => !made.has(x) && !constants.includes(x));
  const outputs = [...made].filter(isResult);
  return { args: [inputs], inputs, constants, steps, outputs, value: outputs };
}

function usesFloat64(step: AnyStep): boolean {
  const body = bodyOf(step)?.body;
  return (
    [...step.inputs, step.output].some(({ dtype }) => dtype === "float64") || body?.steps.some(usesFloat64) === true
  );
}

function checkSizes({ op, inputs, output }: Step): void {
  const large = [...inputs, output].find(({ size, dtype }) => dtype === "float64" && size > maxElements);
  if (large === undefined) return;
  throw new ArgumentError(
    `onnx: ONNX Runtime has no float64 on WebGPU, and a tensor of ${op.name} has the shape ${shapeText(large.shape)}; compute in float32, or use the engine "wasm"`,
  );
}
