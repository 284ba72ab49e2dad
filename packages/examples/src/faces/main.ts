/**
 * Classifies images by softmax regression. The score of a class is a weighted sum of the pixels, so the weights of a class
 * can be shown as an image.
 *
 * `data.ts` reads the images, `fit.ts` runs the cross-validation, `summary.ts` prints the results and `report.ts` draws them.
 */
import { argmax } from "@wengert/ops";
import { type ConfusionMatrix, confusionMatrix } from "@wengert/train";
import { countsOf } from "../shared/classifiers.ts";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { count, InputError, type Option, path, positive, spelled } from "../shared/options.ts";
import { percent } from "../shared/table.ts";
import { type Faces, lfw, readFaces } from "./data.ts";
import { crossValidate, type Judged } from "./fit.ts";
import { report } from "./report.ts";
import { accuracySummary, dataSummary } from "./summary.ts";

interface Outcome extends Judged {
  readonly data: Faces;
  readonly confusion: ConfusionMatrix;
  readonly file: string;
}

const text = (fallback: string, placeholder: string, help: string): Option<string> => ({
  placeholder,
  fallback,
  help,
  read: (value) => ({ value }),
});

const options = {
  images: path(lfw, "a folder with one sub-folder per class, or an .npy file with a stack of gray images"),
  classes: text("face:100,other:100", "NAME:N,...", "for a stack: the number of images of each class, in order"),
  labels: text("", "PATH", "for a stack: an .npy file with the class index of each image"),
  size: count(25, "height and width to which the images of a folder are resized", { max: 256 }),
  folds: count(5, "number of cross-validation folds", { min: 2, max: 20 }),
  epochs: count(40, "passes over the training images"),
  rate: positive(0.001, "learning rate of adam"),
  ridge: positive(0.1, "weight of |W|²/2 in the loss"),
  seed: count(1, "seed of the folds and the image order", { min: 0 }),
  out: path("out/faces", "report folder"),
};

const faces: Command<Outcome> = command({
  summary: "softmax regression classifies images as faces or others; cross-validated, with its weights as pictures",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const data = await readFaces(settings);
    checkClassSizes(data, settings.folds);
    console.log(dataSummary(data));

    const judged = await crossValidate(data, settings, ({ right: [, heldOut] }, number) =>
      console.log(`fold ${number} of ${settings.folds}: ${percent(heldOut)} of the held-out images correct`),
    );
    const confusion = confusionMatrix(argmax(judged.scores, { axis: 1 }), data.labels, { classes: data.classes });
    console.log(accuracySummary(data, judged, confusion));

    const command = `npm run example -- faces ${spelled(options, settings)}`.trim();
    const file = await writeWhole(out, "index.html", await report({ command, data, judged, settings }));
    console.log(`report ${file}`);
    return { ...judged, data, confusion, file };
  },
});

function checkClassSizes({ labels, classes }: Faces, folds: number): void {
  const counts = countsOf(labels, classes);
  const few = counts.findIndex((n) => n < folds);
  if (classes.length < 2)
    throw new InputError(`there is only one class, ${classes[0]}; classification needs two or more.`);
  if (few >= 0)
    throw new InputError(
      `there are ${counts[few]} images of ${classes[few]}; --folds ${folds} needs at least ${folds} of each class.`,
    );
}

await startIfMain(import.meta, faces);

export default faces;
