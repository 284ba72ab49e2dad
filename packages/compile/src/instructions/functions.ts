import { sizeOf } from "@wengert/core/extend";
import { isRowMajorValue, widthOf } from "../memory/layout.ts";
import { at, type Rule } from "./instruction.ts";

/** Returns the rule of an elementwise function, whose kernel computes y = f(x) for contiguous x. */
export const functionRule =
  (name: string): Rule =>
  ({ inputs: [x], output }) => {
    if (!isRowMajorValue(x!) || x!.dtype !== output.dtype) return undefined;
    const kernel = `${name}${8 * widthOf(output.dtype)}`;
    return [{ kind: "call", kernel, args: [sizeOf(output.shape), at(output), at(x!)] }];
  };
