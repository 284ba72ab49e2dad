import { useEffect, useRef } from "preact/hooks";
import { isDark } from "../../page/scheme.ts";
import { colorOfClass, paper, rgbOf } from "./colors.ts";
import { data, report } from "./fit.ts";
import { cellOf, nodes } from "./grid.ts";
import { view } from "./settings.ts";

const size = 360; // the side length of the image in pixels
const scale = (nodes - 1) / (size - 1);
const winners = new Uint8Array(size * size);
const image = new ImageData(size, size); // reused, because a new one per frame would burden the garbage collector

/**
 * Colors each pixel of the plane by its predicted class. If the user chooses to show probabilities, the color is
 * fainter where the probability is lower.
 */
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
  const ground = paper();
  const inks = Array.from({ length: classes }, (_, k) => rgbOf(colorOfClass(k)));
  const line = new Float32Array(nodes * classes); // one row of pixels, interpolated between two rows of the grid
  for (let i = 0; i < size; i++) {
    const [row, v] = cellOf(i * scale);
    const from = row * nodes * classes;
    for (let at = 0; at < line.length; at++)
      line[at] = field[from + at]! * (1 - v) + field[from + line.length + at]! * v;
    for (let j = 0; j < size; j++) {
      const [column, u] = cellOf(j * scale);
      const corner = column * classes;
      let [best, most] = [0, -1];
      for (let k = 0; k < classes; k++) {
        const p = line[corner + k]! * (1 - u) + line[corner + classes + k]! * u;
        if (p > most) {
          best = k;
          most = p;
        }
      }
      const place = i * size + j;
      winners[place] = best;
      const sure = (most - 1 / classes) / (1 - 1 / classes);
      const isBorder = (j > 0 && best !== winners[place - 1]) || (i > 0 && best !== winners[place - size]);
      // If all classes are equally probable, borders between classes would only show rounding errors, so none are
      // drawn.
      const strength = sure < 1e-4 ? 0 : isBorder ? 0.85 : flat ? 0.24 : 0.06 + 0.44 * sure;
      const ink = inks[best]!;
      for (let c = 0; c < 3; c++) image.data[4 * place + c] = ground[c]! + (ink[c]! - ground[c]!) * strength;
      image.data[4 * place + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}
