import type { Step, Tensor } from "@wengert/core";
import { bodyOf } from "@wengert/core/extend";
import { type NameOf, namesOf, paramsText } from "./names.ts";
import type { BodyData, BodyRow } from "./protocol.ts";

/**
 * Returns the steps inside a step, such as a loop body, as rows of the table that `explain` prints. Returns undefined
 * if the step contains no steps. `nameOf` names tensors that are computed outside of the loop body.
 */
export function bodyData(step: Step, number: string, nameOf: NameOf): BodyData | undefined {
  const rows = rowsOf(step, number, nameOf, 1);
  return rows && { times: bodyOf(step)!.times, rows };
}

function rowsOf(step: Step, number: string, nameOf: NameOf, depth: number): BodyRow[] | undefined {
  const nested = bodyOf(step);
  if (nested === undefined) return undefined;
  const { inputs, steps, outputs } = nested.body;
  const nameInside = namesOf(nested.body, `${number}.`, nameOf);
  const namesInside = (tensors: readonly Tensor[]) => tensors.map(nameInside).join(", ");
  const row = (op: string, { shape }: Tensor): BodyRow => ({ number: "", op, params: "", inputs: "", shape: [...shape], depth }); // biome-ignore format: a line
  return [
    ...inputs.map((x) => row(nameInside(x), x)),
    ...steps.flatMap((each, i): BodyRow[] => {
      const own = `${number}.${i + 1}`;
      const inner = rowsOf(each, own, nameInside, depth + 1);
      const params = [timesText(bodyOf(each)?.times), paramsText(each), inner ? "{" : ""].filter(Boolean).join(" ");
      return [
        { ...row(each.op.name, each.output), number: `#${own}`, params, inputs: namesInside(each.inputs) },
        ...(inner ?? []),
      ];
    }),
    { number: "", op: "} returns", params: "", inputs: namesInside(outputs), shape: undefined, depth: depth - 1 },
  ];
}

const timesText = (times = 1): string => (times === 1 ? "" : `${times} ×`);
