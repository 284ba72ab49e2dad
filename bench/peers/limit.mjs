/**
 * Measures the peak speed of WebAssembly on this processor: `node limit.mjs simd|fma`. The measured loop has as many
 * floating-point operations as a matrix product, but uses only registers. Its results are meaningless.
 */
import asc from "assemblyscript/asc";
import { serve } from "./serve.mjs";

const [kind] = process.argv.slice(2);
const lanes = 4; // float32 in 128 bits
// The indices of the accumulators, which are independent. With fewer accumulators, the latency of an instruction would
// limit the speed; with more, they would not fit in 16 registers.
const chains = Array.from({ length: kind === "fma" ? 10 : 5 }, (_, i) => i);
const join = (f, by = "\n") => chains.map(f).join(by);
// The AssemblyScript source of the loop that measures the peak speed, with fused or separate multiplications and
// additions. Fused or not, an iteration does two operations for each accumulator and vector lane.
const source =
  kind === "fma"
    ? `export function run(count: i32, factor: f32, term: f32): f32 {
        const c = f32x4.splat(factor), d = f32x4.splat(term);
        ${join((i) => `let r${i} = f32x4.splat(factor + ${i});`)}
        for (let i = 0; i < count; i++) { ${join((i) => `r${i} = f32x4.relaxed_madd(r${i}, c, d);`)} }
        return ${join((i) => `f32x4.extract_lane(r${i}, 0)`, " + ")};
      }`
    : `export function run(count: i32, factor: f32, term: f32): f32 {
        const c = f32x4.splat(factor), d = f32x4.splat(term);
        ${join((i) => `let m${i} = f32x4.splat(factor + ${i}), a${i} = f32x4.splat(term + ${i});`)}
        for (let i = 0; i < count; i++) { ${join((i) => `m${i} = f32x4.mul(m${i}, c); a${i} = f32x4.add(a${i}, d);`)} }
        return ${join((i) => `f32x4.extract_lane(m${i}, 0) + f32x4.extract_lane(a${i}, 0)`, " + ")};
      }`;
const features = kind === "fma" ? ["simd", "relaxed-simd"] : ["simd"];
const { binary, stderr } = await asc.compileString(source, { optimizeLevel: 3, runtime: "stub", enable: features });
if (!binary) throw new Error(String(stderr));
if (!WebAssembly.validate(binary)) throw new Error("this engine does not support relaxed SIMD");
const { run } = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports;

await serve(
  {},
  {
    gemm(_, { m, k, n }) {
      const count = Math.round((2 * m * k * n) / (2 * lanes * chains.length));
      return () => {
        run(count, 1, 0);
        return {};
      };
    },
  },
);
