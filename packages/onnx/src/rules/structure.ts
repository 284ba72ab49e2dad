import { withLabel } from "@wengert/core";
import {
  accumulate,
  alias,
  insertAxes,
  moveAxis,
  pack,
  part,
  place,
  removeAxes,
  repeatAlong,
  sizeOf,
  stopGradientOp,
  sumAxis,
} from "@wengert/core/extend";
import { castTo, expand, reduce, reshape, transpose, unsqueeze } from "./formulas.ts";
import { type Rule, rule, sameAs } from "./rule.ts";
import { padZeros, sliceAxis } from "./slices.ts";

// Emit rules of the ops that `@wengert/core` declares, which derivatives and `vmap` use.

export const structureRules = (): readonly Rule[] => [
  rule(alias, (_, [x]) => x),
  rule(withLabel, (_, [x]) => x),
  rule(stopGradientOp, (_, [x]) => x),
  sameAs(accumulate, "Add"),
  rule(pack, (g, names, { inputs, output: { dtype } }) => {
    const vectors = (names as readonly string[]).map((name, k) => {
      const flat = reshape(g, name, [inputs[k]!.size]);
      return inputs[k]!.dtype === dtype ? flat : castTo(g, flat, dtype);
    });
    return vectors.length === 1 ? vectors[0]! : g.node("Concat", vectors, { axis: 0 });
  }),
  rule(part, (g, [x], { inputs: [input], output: { dtype }, params: { shape, offset } }) => {
    const taken = reshape(g, sliceAxis(g, x, 0, offset, offset + sizeOf(shape)), shape);
    return input.dtype === dtype ? taken : castTo(g, taken, dtype);
  }),
  rule(place, (g, [x], { inputs: [input], output: { dtype }, params: { size, offset } }) => {
    const placed = padZeros(g, reshape(g, x, [input.size]), [offset], [size - offset - input.size]);
    return input.dtype === dtype ? placed : castTo(g, placed, dtype);
  }),
  rule(insertAxes, (g, [x], { params: { axes } }) => unsqueeze(g, x, axes)),
  rule(removeAxes, (g, [x], { output: { shape } }) => reshape(g, x, shape)),
  rule(moveAxis, (g, [x], { inputs: [{ shape }], params: { from, to } }) => {
    const others = [...shape.keys()].filter((axis) => axis !== from);
    return transpose(g, x, others.toSpliced(to, 0, from));
  }),
  rule(repeatAlong, (g, [x], { output: { shape }, params: { axis } }) => expand(g, unsqueeze(g, x, [axis]), shape)),
  rule(sumAxis, (g, [x], { params: { axis } }) => reduce(g, "ReduceSum", x, [axis], false)),
];
