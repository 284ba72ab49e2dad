/** A tensor of one number. Two tensors with equal numbers are still different tensors. */
export class Tensor {
  readonly data: number;

  constructor(data: number) {
    this.data = data;
  }

  item(): number {
    return this.data;
  }
}

export function tensor(data: number): Tensor {
  return new Tensor(data);
}

// Ops

export type Op = (...inputs: Tensor[]) => Tensor;

export const add: Op = (a, b) => new Tensor(a.data + b.data);

export const mul: Op = (a, b) => new Tensor(a.data * b.data);

export const exp: Op = (x) => new Tensor(Math.exp(x.data));
