import { useEffect, useRef } from "preact/hooks";
import { isDark } from "../../house/scheme.ts";
import { colourOfClass, paper, rgbOf } from "./colours.ts";
import { data, report } from "./fit.ts";
import { cellOf, nodes } from "./grid.ts";
import { view } from "./settings.ts";

const size = 420; // pixels along each side

/** Which class the model gives to each place of the plane: flat, or the fainter the less it is sure. */
export function Field() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [field, how, dark] = [report.value?.field, view.value, isDark.value];
  const classes = data.value?.classes.length ?? 0;
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    if (field && field.length === classes * nodes * nodes) draw(context, field, classes, how === "regions");
    else context.clearRect(0, 0, size, size);
  }, [field, classes, how, dark]);
  return <canvas ref={canvas} class="field" width={size} height={size} />;
}

function draw(context: CanvasRenderingContext2D, field: Float32Array, classes: number, flat: boolean): void {
  const image = context.createImageData(size, size);
  const ground = paper();
  const inks = Array.from({ length: classes }, (_, k) => rgbOf(colourOfClass(k)));
  const winners = new Uint8Array(size * size);
  const certainty = new Float32Array(size * size);
  const scale = (nodes - 1) / (size - 1);
  for (let i = 0; i < size; i++) {
    const [row, v] = cellOf(i * scale);
    for (let j = 0; j < size; j++) {
      const [column, u] = cellOf(j * scale);
      const corner = (row * nodes + column) * classes;
      let [best, most] = [0, -1];
      for (let k = 0; k < classes; k++) {
        const at = corner + k;
        const above = field[at]! * (1 - u) + field[at + classes]! * u;
        const below = field[at + nodes * classes]! * (1 - u) + field[at + (nodes + 1) * classes]! * u;
        const p = above * (1 - v) + below * v;
        if (p > most) [best, most] = [k, p];
      }
      winners[i * size + j] = best;
      certainty[i * size + j] = (most - 1 / classes) / (1 - 1 / classes);
    }
  }
  for (let place = 0; place < size * size; place++) {
    const sure = certainty[place]!;
    const isBorder =
      (place % size > 0 && winners[place] !== winners[place - 1]) ||
      (place >= size && winners[place] !== winners[place - size]);
    // Where all classes have the same probability there is no border, though rounding would draw one.
    const strength = sure < 1e-4 ? 0 : isBorder ? 0.85 : flat ? 0.24 : 0.06 + 0.44 * sure;
    const ink = inks[winners[place]!]!;
    for (let c = 0; c < 3; c++) image.data[4 * place + c] = ground[c]! + (ink[c]! - ground[c]!) * strength;
    image.data[4 * place + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
