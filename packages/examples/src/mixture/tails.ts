import { grad, nonFinite, type Tensor, tensor, valueAndGrad } from "@wengert/core";
import { concat, sum } from "@wengert/ops";
import { exactly, log, relativeError, exp as slowExp, total } from "../shared/fixed.ts";
import { type LogDensity, logDensity, lossOf, type Mixture, naiveLogDensity, terms } from "./density.ts";

/** Returns log Σₖ exp(tₖ) with more than a hundred correct digits. The doubles tₖ count as exact numbers. */
export function exactLogSumExp(t: readonly number[]): bigint {
  const most = exactly(Math.max(...t));
  return most + log(total(t.map((tk) => slowExp(exactly(tk) - most))));
}

/** A log-density, its relative error, and its derivative with respect to x. */
interface Found {
  readonly value: number;
  readonly error: number;
  readonly slope: number;
}

export interface Tail {
  readonly x: number;
  readonly naive: Found;
  readonly stable: Found;
}

/** Computes the log-density log p(x) of a mixture at one x by the textbook formula and by logSumExp. */
export function tailAt(mixture: Mixture, x: number): Tail {
  const at = tensor([x]);
  const exact = exactLogSumExp(terms(mixture, at).toNested<number[][]>()[0]!);
  const found = (logP: LogDensity): Found => {
    const value = sum(logP(mixture, at)).item();
    const [slope] = grad((y: Tensor) => sum(logP(mixture, y)))(at).toNested<[number]>();
    return { value, error: Number.isFinite(value) ? relativeError(value, exact) : Number.POSITIVE_INFINITY, slope };
  };
  return { x, naive: found(naiveLogDensity), stable: found(logDensity) };
}

/** The effect of one outlier in the data: the loss, and its gradient with respect to the means μ. */
export interface Spoilt {
  readonly loss: number;
  readonly slopes: readonly number[];
  /**
   * A text that names the op with the first NaN or infinity in the loss or its gradient, or undefined if all numbers
   * are finite.
   */
  readonly culprit: string | undefined;
}

export function spoiltBy(mixture: Mixture, x: Tensor, outlier: number): { naive: Spoilt; stable: Spoilt } {
  const all = concat([x, tensor([outlier])]);
  const spoilt = (logP: LogDensity): Spoilt => {
    const loss = (m: Mixture) => lossOf(m, all, logP);
    const { value, grad } = valueAndGrad(loss)(mixture);
    const report = nonFinite(loss, mixture);
    const culprit = report && `the ${report.where} of ${report.step?.op.name} is ${report.values[0]?.value}`;
    return { loss: value.item(), slopes: grad.mu.toNested<number[]>(), culprit };
  };
  return { naive: spoilt(naiveLogDensity), stable: spoilt(logDensity) };
}
