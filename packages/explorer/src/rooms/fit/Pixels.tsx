import { useEffect, useRef } from "preact/hooks";
import { isDark } from "../../page/scheme.ts";
import { colorOf, type Scale } from "../../parts/colors.ts";
import type { Size } from "./data/dataset.ts";

interface Props {
  readonly of: ArrayLike<number>;
  readonly size: Size;
  /**
   * The colors of the pixels. "ink" means black on white, and "gray" means gray levels, both for numbers from 0 to 1. A
   * color scale is for weights.
   */
  readonly as: "ink" | "gray" | Scale;
  /**
   * A description of the image for screen readers. Omit the description if text next to the image describes the image.
   */
  readonly label?: string;
}

/** Shows numbers as a small image in which each number is a pixel. */
export function Pixels({ of, size, as, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = isDark.value;
  const { width, height } = size;
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(width, height);
    const ink = dark ? 235 : 24;
    for (let i = 0; i < width * height; i++) {
      const x = of[i] ?? 0;
      if (as === "ink") image.data.set([ink, ink, ink, 255 * x], 4 * i);
      else if (as === "gray") image.data.set([255 * x, 255 * x, 255 * x, 255], 4 * i);
      else image.data.set([...colorOf(x, as), 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }, [of, width, height, as, dark]);
  return (
    <span class="pixels" {...(label ? { role: "img", "aria-label": label } : {})}>
      <canvas ref={canvas} width={width} height={height} />
    </span>
  );
}
