/**
 * Tells images apart by one matrix: a score for each class is a weighted sum of the pixels, and softmax makes probabilities of
 * the scores. What was learned is a picture itself.
 *
 * `data.ts` reads a folder or a stack of images, `fit.ts` cross-validates, `telling.ts` and `report.ts` say and draw it.
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
import { accuracyTold, dataTold } from "./telling.ts";

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
  images: path(lfw, "a folder with one sub-folder a class, or a stack in gray in an .npy file"),
  classes: text(
    "face:100,other:100",
    "NAME:N,...",
    "of a stack: so many images of each class, one class after the other",
  ),
  labels: text("", "PATH", "of a stack: an .npy file with the class of each image, from 0"),
  size: count(25, "height and width that the images of a folder are made", { max: 256 }),
  folds: count(5, "parts of the images, each of which is held out once", { min: 2, max: 20 }),
  epochs: count(40, "passes over the images that are learned from"),
  rate: positive(0.001, "learning rate of adam"),
  ridge: positive(0.1, "weight of |W|²/2 in the loss"),
  seed: count(1, "decides which image is in which part, and their order", { min: 0 }),
  out: path("out/faces", "folder of the report"),
};

const faces: Command<Outcome> = command({
  summary: "softmax regression tells images apart, faces from others; cross-validated, its weights as pictures",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const data = await readFaces(settings);
    refuseFew(data, settings.folds);
    console.log(dataTold(data));

    const judged = await crossValidate(data, settings, ({ right: [, heldOut] }, number) =>
      console.log(`part ${number} of ${settings.folds} held out: ${percent(heldOut)} right`),
    );
    const confusion = confusionMatrix(argmax(judged.scores, { axis: 1 }), data.labels, { classes: data.classes });
    console.log(accuracyTold(data, judged, confusion));

    const command = `npm run example -- faces ${spelled(options, settings)}`.trim();
    const file = await writeWhole(out, "index.html", await report({ command, data, judged, settings }));
    console.log(`report ${file}`);
    return { ...judged, data, confusion, file };
  },
});

function refuseFew({ labels, classes }: Faces, folds: number): void {
  const counts = countsOf(labels, classes);
  const few = counts.findIndex((n) => n < folds);
  if (classes.length < 2)
    throw new InputError(`there is one class only, ${classes[0]}; two or more can be told apart.`);
  if (few >= 0)
    throw new InputError(
      `there are ${counts[few]} images of ${classes[few]}; --folds ${folds} needs one of each class in each part.`,
    );
}

await startIfMain(import.meta, faces);

export default faces;
