import type { Tensor } from "@wengert/core";
import { randomUniform } from "@wengert/ops";

/** 0 … count − 1 in the order of a random number for each, which `key` decides. */
export function shuffled(count: number, key: Tensor): Int32Array {
  const rank = Float64Array.from(randomUniform(key, { shape: [count] }).data.data);
  return Int32Array.from(rank.keys()).sort((a, b) => rank[a]! - rank[b]!);
}
