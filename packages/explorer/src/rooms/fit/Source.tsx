import { put } from "../../page/address.ts";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import { type Images, isOfImages, rowOf } from "./data/dataset.ts";
import { placedByDrop, placedByInput } from "./data/images.ts";
import { labelOf, labelsOf } from "./data/table.ts";
import { Files, useDrop } from "./Files.tsx";
import { data } from "./fit.ts";
import { Pixels } from "./Pixels.tsx";
import { labelColumn, side, source } from "./settings.ts";
import { isBusy, openIdx, openImages, openTable, ownDigits, ownTable, problem, table } from "./sources.ts";
import { whole } from "./words.ts";

/** Describes the data set, and lets users open their own files. */
export function Source() {
  const now = data.value;
  const busy = isBusy.value;
  const drop = useDrop((transfer) => {
    if (source.peek() === "images") void placedByDrop(transfer.items).then(openImages);
    else void (source.peek() === "digits" ? openIdx : openTable)(Array.from(transfer.files));
  });
  return (
    <section class="panel source" aria-labelledby="source-title" {...drop}>
      <header class="head">
        <h2 id="source-title">Data</h2>
        <p class="small soft" role="status">
          {busy ? (busy.of > 0 ? `Reading ${busy.done} of ${busy.of} …` : "Reading …") : now ? now.title : ""}
        </p>
      </header>
      {source.value === "digits" && <DigitFiles />}
      {source.value === "images" && <ImageFiles />}
      {source.value === "table" && <TableFiles />}
      {problem.value && <ErrorBox name="DataError" message={problem.value} />}
      {now && isOfImages(now) && <Samples of={now} />}
      {now && source.value === "table" && <Columns />}
      {now?.leftOut && now.leftOut.length > 0 && <LeftOut all={now.leftOut} />}
      {!now && !problem.value && source.value !== "images" && <p class="soft small">Loading …</p>}
    </section>
  );
}

function DigitFiles() {
  return (
    <div class="openers">
      <Files label="Open IDX files" multiple onFiles={(files) => void openIdx(Array.from(files))} />
      <span class="small soft">or drop them: images and labels</span>
      {ownDigits.value ? (
        <button type="button" class="button quiet end" onClick={() => (ownDigits.value = undefined)}>
          Back to MNIST
        </button>
      ) : (
        <span class="small soft end">Y. LeCun, C. Cortes: CC BY-SA 3.0</span>
      )}
    </div>
  );
}

function ImageFiles() {
  const sides = [16, 24, 32, 48, 64];
  return (
    <>
      <div class="openers">
        <Files label="Open a folder" folder onFiles={(files) => void openImages(placedByInput(files))} />
        <span class="small soft">or drop it here</span>
        <label class="small end">
          size{" "}
          <select
            class="button"
            value={side.value}
            onChange={({ currentTarget }) => put({ side: currentTarget.value }, { push: true })}
          >
            {(sides.includes(side.value) ? sides : [...sides, side.value]).map((each) => (
              <option key={each} value={each}>
                {each} × {each}
              </option>
            ))}
          </select>
        </label>
      </div>
      {!data.value && !isBusy.value && (
        <p class="small soft">
          A folder with one sub-folder per class: <code>cars/ford/1.jpg</code>, <code>cars/fiat/1.jpg</code> … Each
          image is cropped to its middle square and converted to gray. The images are read in this page and sent
          nowhere.
        </p>
      )}
    </>
  );
}

function TableFiles() {
  return (
    <div class="openers">
      <Files
        label="Open a CSV file"
        accept=".csv,.tsv,.txt,text/*"
        onFiles={(files) => void openTable(Array.from(files))}
      />
      <span class="small soft">or drop it here: a header, then rows, with commas, semicolons or tabs</span>
      {ownTable.value && (
        <button type="button" class="button quiet end" onClick={() => (ownTable.value = undefined)}>
          Back to penguins.csv
        </button>
      )}
    </div>
  );
}

/** Shows the first images of each class. */
function Samples({ of }: { of: Images }) {
  const { classes, labels } = of;
  const each = classes.length <= 5 ? 4 : classes.length <= 12 ? 2 : 1;
  return (
    <ul class="samples" aria-label="The first images of each class">
      {classes.map((name, k) => {
        const first = firstOf(labels, k, each);
        return (
          <li key={name}>
            {first.map((i) => (
              <Pixels key={i} of={rowOf(of, i)} size={of.features} as={of.areDrawn ? "ink" : "gray"} />
            ))}
            <span class="small name" title={name}>
              {name}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function firstOf(labels: Int32Array, k: number, count: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < labels.length && found.length < count; i++) if (labels[i] === k) found.push(i);
  return found;
}

/** Shows which column contains the classes and which columns are features. */
function Columns() {
  const [from, now] = [table.value, data.value];
  if (!from || !now || isOfImages(now)) return null;
  const candidates = labelsOf(from.columns);
  const features = now.features as readonly string[];
  const label = labelOf(from.columns, labelColumn.value);
  const ignored = from.columns.map(({ name }) => name).filter((name) => name !== label && !features.includes(name));
  return (
    <dl class="columns">
      <dt>
        <label for="label-column">Classes</label>
      </dt>
      <dd>
        <select
          id="label-column"
          class="button"
          value={label}
          onChange={({ currentTarget }) => put({ label: currentTarget.value }, { push: true })}
        >
          {candidates.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>{" "}
        <span class="soft small">{now.classes.join(", ")}</span>
      </dd>
      <dt>Features</dt>
      <dd>{features.join(", ")}</dd>
      {ignored.length > 0 && (
        <>
          <dt>Not used</dt>
          <dd class="soft">{ignored.join(", ")} (not numeric)</dd>
        </>
      )}
    </dl>
  );
}

function LeftOut({ all }: { all: readonly string[] }) {
  return (
    <details class="left-out small">
      <summary>{whole(all.length)} left out, and why</summary>
      <ul>
        {all.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </details>
  );
}
