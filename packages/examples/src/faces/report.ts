import { ravel } from "@wengert/core/extend";
import { type Html, html, report as reportOn } from "@wengert/report";
import { encode } from "fast-png";
import { whole } from "../shared/table.ts";
import { type Faces, lfw } from "./data.ts";
import type { Judged, Settings } from "./fit.ts";

/** All that the page shows. */
export interface Story {
  /** What to type for the same figures. */
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
a class is a weighted sum of the pixels. Each image is judged by the one of ${parts.length} fits that has not seen it.`,
      command,
      figures: [
        [whole(count), "images"],
        [whole((height * width + 1) * classes.length), "parameters"],
        [`${parts.length}`, "fits, each without a part"],
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
        curves: html`Each of the ${parts.length} fits, by adam: the mean of the steps of a pass, and the part that was held out after each of
the ${settings.epochs} passes. Part of the loss is the ridge, ${settings.ridge} · |<b>W</b>|²/2: with ${whole(height * width)} weights for each class and
${whole(parts[0]!.counts[0])} images a fit could be right on all of them in many ways.`,
        mistakes: "The images whose wrong answer got the highest probability, from the fit that had not seen them.",
        weights: two
          ? html`The columns of <b>W</b>, one less the other, as the image that they are multiplied with: of two classes softmax is
the sigmoid of the difference of scores, so only this difference counts, and either picture is the other’s negative. It is the mean over
the fits, for pixels in units of their deviation.`
          : html`The columns of <b>W</b>, each as the image it is multiplied with: the mean over the fits, for pixels in units of their
deviation.`,
        tape: html`Loss and gradient of the first fit’s first step, had it all its images at once. As long as <b>W</b> is zero each class has
the probability 1/${classes.length}, and the loss is log ${classes.length} = ${Math.log(classes.length).toFixed(4)}.`,
      },
    },
  );
}

const perClass = 12;
const maxClasses = 10;

/** What the images look like: the first of each class, in a strip. */
function samples({ images, labels, classes }: Faces, isLfw: boolean): Html {
  const label = [...labels.data.data];
  const strips = classes.slice(0, maxClasses).map((name, k) => {
    const some = [...label.keys()].filter((i) => label[i] === k).slice(0, perClass);
    return html`<figure><img src="${strip(images, some)}" alt="the first ${some.length} images of ${name}"
width="${some.length * images.shape[2]!}" height="${images.shape[1]!}"><figcaption>${name}</figcaption></figure>\n`;
  });
  const told = isLfw
    ? `Faces from photographs in the news, and other parts of the same photographs. These were turned with their faces, and so many
have black corners: that helps to tell them, and says nothing of faces. In a few of them there is part of a face.`
    : "The first images of each class, as they are given to the fit.";
  return html`<section>
<h2>What it sees</h2>
<p>${told}</p>
${strips}</section>
`;
}

/** Images beside each other, as a data URL. */
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
