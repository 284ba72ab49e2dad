import { jacobian, type Tensor, tensor } from "@wengert/core";
import { rows } from "@wengert/core/ndarray";
import { softmax } from "@wengert/ops";
import { address, put } from "../../house/address.ts";
import { Formula } from "../../parts/Formula.tsx";
import { HeatMap, type Numbers } from "../../parts/HeatMap.tsx";
import { Slider } from "../../parts/Slider.tsx";

const initial = [2, 1, 0];

export default function SoftmaxRoom() {
  const given = address.value.fields.x?.split(",").map(Number);
  const logits = given && given.length > 0 && given.every(Number.isFinite) ? given : initial;
  const x = tensor(logits);
  const set = (i: number, value: number) =>
    put({
      x: logits
        .with(i, value)
        .map((each) => each.toFixed(2))
        .join(","),
    });
  return (
    <>
      <div class="room-lead">
        <h1>Softmax</h1>
        <p>
          Its Jacobian is <Formula tex="\operatorname{diag}(s) - s\,s^{\mathsf T}" />, computed here by the library as
          you move the logits.
        </p>
      </div>
      {logits.map((value, i) => (
        <Slider key={i} label={`x${i + 1}`} value={value} min={-5} max={5} step={0.05} onInput={(to) => set(i, to)} />
      ))}
      <HeatMap of={numbersOf(softmax(x))} name="s = softmax(x)" />
      <HeatMap of={numbersOf(jacobian((y: Tensor) => softmax(y))(x))} name="∂s/∂x" />
    </>
  );
}

const numbersOf = ({ shape, dtype, array }: Tensor): Numbers => ({ shape, dtype, data: rows(array!) });
