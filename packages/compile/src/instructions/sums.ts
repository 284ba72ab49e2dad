import { sizeOf } from "@wengert/core/extend";
import { isRowMajorValue, widthOf } from "../memory/layout.ts";
import { at, type Rule } from "./instruction.ts";

/** Returns a function that translates `sum` or `mean` over adjacent axes of a row-major tensor into kernel calls. */
export const sumRule =
  (isMean: boolean): Rule =>
  ({ step, inputs: [x], output }, reserve) => {
    const { axes } = step.params as { readonly axes: readonly number[] };
    const areTogether = axes.length > 0 && axes.at(-1)! - axes[0]! === axes.length - 1;
    if (!areTogether || !isRowMajorValue(x!) || x!.dtype !== output.dtype || sizeOf(x!.shape) === 0) return undefined;
    const outer = sizeOf(x!.shape.slice(0, axes[0]));
    const n = sizeOf(x!.shape.slice(axes[0], axes.at(-1)! + 1));
    const inner = sizeOf(x!.shape.slice(axes.at(-1)! + 1));
    const bits = 8 * widthOf(output.dtype);
    const divisor = { float64: isMean ? n : 1 };
    reserve(64 * (inner + 2));
    if (inner === 1)
      return [{ kind: "call", kernel: `rowSums${bits}`, args: [outer, n, at(output), at(x!), "scratch", 1, divisor] }];
    if (outer > 64) return undefined;
    return Array.from({ length: outer }, (_, o) => ({
      kind: "call",
      kernel: `columnSums${bits}`,
      args: [n, inner, at(output, o * inner), at(x!, o * n * inner), "scratch", 1, divisor],
    }));
  };

/** Returns a function that translates `variance`, or `std` if `isRoot` is set, over the last axes into a kernel call. */
export const varianceRule =
  (isRoot: boolean): Rule =>
  ({ step, inputs: [x], output }, reserve) => {
    const { axes, ddof } = step.params as { readonly axes: readonly number[]; readonly ddof: number };
    const { shape } = x!;
    const areLast = axes.length > 0 && axes[0] === shape.length - axes.length;
    const n = sizeOf(shape.slice(axes[0]));
    if (!areLast || !isRowMajorValue(x!) || x!.dtype !== output.dtype || n === 0) return undefined;
    const rows = sizeOf(shape.slice(0, axes[0]));
    reserve(64);
    const divisor = { float64: Math.max(n - ddof, 0) };
    const kernel = `variance${8 * widthOf(output.dtype)}`;
    return [{ kind: "call", kernel, args: [rows, n, at(output), at(x!), "scratch", divisor, Number(isRoot)] }];
  };
