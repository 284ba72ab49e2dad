import { type Drawn, fontText } from "./drawn.ts";

/** Draws a figure on a canvas and returns it as a PNG file. Draws `scale` pixels for each pixel of the page. */
export function pngOf({ width, height, background, marks }: Drawn, scale = 2): Promise<Blob> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * scale, height * scale];
  const pen = canvas.getContext("2d")!;
  pen.imageSmoothingEnabled = false;
  const reset = () => pen.setTransform(scale, 0, 0, scale, 0, 0);
  reset();
  pen.fillStyle = background;
  pen.fillRect(0, 0, width, height);
  for (const mark of marks) {
    reset();
    if (mark.kind === "image") {
      pen.globalAlpha = 1;
      pen.drawImage(mark.canvas, mark.x, mark.y, mark.width, mark.height);
      continue;
    }
    pen.transform(...(mark.matrix as [number, number, number, number, number, number]));
    pen.globalAlpha = mark.opacity;
    if (mark.kind === "words") {
      pen.font = fontText(mark.font);
      pen.fillStyle = mark.fill;
      pen.fillText(mark.text, mark.x, mark.y, mark.width + 1);
      continue;
    }
    const path = new Path2D(mark.path);
    if (mark.fill !== "none") {
      pen.fillStyle = mark.fill;
      pen.fill(path);
    }
    if (mark.stroke !== "none") {
      pen.strokeStyle = mark.stroke;
      pen.lineWidth = mark.strokeWidth;
      pen.setLineDash([...mark.dash]);
      pen.stroke(path);
    }
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((file) => (file ? resolve(file) : reject(new Error("the figure is too large for a PNG file")))),
  );
}
