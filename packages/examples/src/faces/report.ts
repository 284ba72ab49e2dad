import { ravel } from "@wengert/core/extend";
import { type Html, html, report as reportOn } from "@wengert/report";
import { encode } from "fast-png";
import { whole } from "../shared/table.ts";
import { type Faces, lfw } from "./data.ts";
import type { Judged, Settings } from "./fit.ts";

/** The contents of the report. */
export interface Story {
  /** The command line that reproduces the report. */
  readonly command: string;
  readonly data: Faces;
  readonly judged: Judged;
  readonly settings: Settings & { readonly images: string };
}

export function report({ command, data, judged, settings }: Story): Promise<string> {
  const { images, labels, classes, names } = data;
  const { parts, scores, weights, tape } = judged;
  const [count = 0, height = 0, width = 0] = images.shape;
  const two = classes.length === 2;
  return reportOn(
    parts.map(({ history }) => history),
    {
      title: classes.length <= 3 ? `One matrix: ${classes.join(" or ")}` : `One matrix, ${classes.length} classes`,
      lead: html`Softmax regression, P = softmax(<b>XW</b> + <b>b</b>), on ${whole(count)} images of ${height} × ${width} pixels: the score of
a class is a weighted sum of the pixels. Each image is classified by the one of ${parts.length} fits that has not seen it.`,
      command,
      figures: [
        [whole(count), "images"],
        [whole((height * width + 1) * classes.length), "parameters"],
        [`${parts.length}`, "fits, each without one fold"],
      ],
      labels,
      scores,
      classes,
      images,
      rows: names,
      weights,
      tape,
      sections: [samples(data, settings.images === lfw)],
      notes: {
        curves: html`Each of the ${parts.length} fits, by adam: the training mean of each pass, and the held-out fold after each of
the ${settings.epochs} passes. The loss includes a ridge, ${settings.ridge} · |<b>W</b>|²/2, because a fit of ${whole(height * width)} weights per class to
${whole(parts[0]!.counts[0])} images has many perfect solutions.`,
        mistakes: "The images with the highest probability for a wrong answer, from the fit that has not seen them.",
        weights: two
          ? html`The difference of the two columns of <b>W</b>, in the shape of the image. Softmax over two classes is the sigmoid of
the score difference, so only this difference matters, and either picture is the negative of the other. The weights are means over
the fits, for standardized pixels.`
          : html`The columns of <b>W</b>, each in the shape of the image: the mean over the fits, for standardized
pixels.`,
        tape: html`Loss and gradient of the first fit at its start, on all its images. <b>W</b> is zero, so each class has
probability 1/${classes.length}, and the loss is log ${classes.length} = ${Math.log(classes.length).toFixed(4)}.`,
      },
    },
  );
}

const perClass = 12;
const maxClasses = 10;

/** Draws the first images of each class side by side. */
function samples({ images, labels, classes }: Faces, isLfw: boolean): Html {
  const label = [...labels.data.data];
  const strips = classes.slice(0, maxClasses).map((name, k) => {
    const some = [...label.keys()].filter((i) => label[i] === k).slice(0, perClass);
    return html`<figure><img src="${strip(images, some)}" alt="the first ${some.length} images of ${name}"
width="${some.length * images.shape[2]!}" height="${images.shape[1]!}"><figcaption>${name}</figcaption></figure>\n`;
  });
  const description = isLfw
    ? `Faces from news photographs, and other parts of the same photographs. Those parts were rotated together with the faces, so many
have black corners, which make them easier to recognize. A few of them contain part of a face.`
    : "The first images of each class, as the fit receives them.";
  return html`<section>
<h2>What it sees</h2>
<p>${description}</p>
${strips}</section>
`;
}

/** Returns the chosen images side by side, as one PNG data URL. */
function strip(images: Faces["images"], some: readonly number[]): string {
  const [, height = 1, width = 1] = images.shape;
  const pixels = ravel(images.array!);
  const total = width * some.length;
  const data = new Uint8ClampedArray(height * total);
  some.forEach((image, place) => {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        data[y * total + place * width + x] = 255 * pixels[(image * height + y) * width + x]!;
  });
  const file = encode({ width: total, height, channels: 1, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(file).toString("base64")}`;
}
