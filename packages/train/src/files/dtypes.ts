import type { DType } from "@wengert/core";
import type { Data } from "@wengert/core/extend";

export interface Kind {
  readonly code: string;
  readonly width: number;
  readonly Array: { new (buffer: ArrayBuffer): Data };
}

/**
 * The safetensors name of each supported dtype, widest dtype first. Tensors are stored in this order, so each begins at
 * a multiple of its element size.
 */
export const storedAs: ReadonlyMap<DType, Kind> = new Map<DType, Kind>([
  ["float64", { code: "F64", width: 8, Array: Float64Array }],
  ["float32", { code: "F32", width: 4, Array: Float32Array }],
  ["int32", { code: "I32", width: 4, Array: Int32Array }],
  ["bool", { code: "BOOL", width: 1, Array: Uint8Array }],
]);
export const dtypes: ReadonlyMap<string, DType> = new Map([...storedAs].map(([dtype, { code }]) => [code, dtype]));

/** The unsupported safetensors dtypes, each with a PyTorch expression that converts it to a supported dtype. */
export const unsupported: ReadonlyMap<string, string> = new Map([
  ..."F16 BF16 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ"
    .split(" ")
    .map((code) => [code, "t.to(torch.float32), which is exact"] as const),
  ..."I8 U8 I16 U16".split(" ").map((code) => [code, "t.to(torch.int32), which is exact"] as const),
  ..."U32 I64 U64".split(" ").map((code) => [code, "t.to(torch.int32), if its numbers are below 2^31"] as const),
  ["C64", "t.real and t.imag, two tensors"],
  ..."F4 F6_E2M3 F6_E3M2".split(" ").map((code) => [code, "the tensor before quantization, as float32"] as const),
]);
