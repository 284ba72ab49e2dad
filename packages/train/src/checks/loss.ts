import { ArgumentError, DTypeError, ShapeError, Tensor } from "@wengert/core";
import { describe, isFloat, show, tensorHint } from "@wengert/core/extend";

/**
 * Checks the return value of a loss function; `expected` describes the valid return values.
 * @throws ArgumentError, ShapeError, DTypeError unless the loss is a float scalar
 */
export function checkLoss(caller: string, loss: unknown, expected = "a scalar tensor"): asserts loss is Tensor {
  if (!(loss instanceof Tensor))
    throw new ArgumentError(
      `${caller}: the loss must be ${expected}, got ${show(loss)}${typeof loss === "number" ? "; use ops instead of .item(), which has no derivative" : tensorHint(loss)}`,
    );
  if (loss.shape.length > 0)
    throw new ShapeError(`${caller}: the loss must be a scalar, got ${describe(loss, "shape")}; reduce it with mean`);
  if (isFloat(loss.dtype)) return;
  throw new DTypeError(`${caller}: the loss must be a float, got ${loss.dtype}; only floats have derivatives`);
}
