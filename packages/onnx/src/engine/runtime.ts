// The types of onnxruntime-node and onnxruntime-web that the engine uses. `@wengert/onnx` does not depend on these
// packages.

/** A tensor of ONNX Runtime. */
export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

/** The module `onnxruntime-node` or `onnxruntime-web`. */
export interface OnnxRuntime {
  readonly InferenceSession: { create(model: Uint8Array, options?: object): Promise<OnnxSession> };
  readonly Tensor: new (type: never, data: never, dims?: readonly number[]) => OnnxTensor;
  readonly env: { readonly wasm: { numThreads?: number }; readonly versions: { readonly web?: string } };
}
