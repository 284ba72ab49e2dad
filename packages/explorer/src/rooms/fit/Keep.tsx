import { useSignal } from "@preact/signals";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import { wordsOf } from "./data/dataset.ts";
import { Files } from "./Files.tsx";
import { data, load, parameters } from "./fit.ts";
import { fileOf, parametersIn } from "./parameters.ts";
import { source } from "./settings.ts";
import { whole } from "./words.ts";

/** Buttons that save the parameters to a file and load parameters from a file. */
export function Keep() {
  const said = useSignal("");
  const problem = useSignal<string | undefined>(undefined);
  const save = async () => {
    const of = data.peek();
    if (!of) return;
    const bytes = fileOf({ ...of, ...(await parameters()) });
    const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    const link = document.createElement("a");
    [link.href, link.download] = [url, `wengert-${source.peek()}.safetensors`];
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    [said.value, problem.value] = [`Saved ${link.download}, ${whole(bytes.length)} bytes.`, undefined];
  };
  const open = async (files: FileList) => {
    const [file] = files;
    const of = data.peek();
    if (!file || !of) return;
    try {
      const found = await parametersIn(file, of);
      load(found.layers, found.step);
      const renamed =
        found.classes.join() === of.classes.join() ? "" : ` Its classes were ${found.classes.join(", ")}.`;
      [said.value, problem.value] = [`Loaded ${file.name}, saved at step ${whole(found.step)}.${renamed}`, undefined];
    } catch (error) {
      said.value = "";
      problem.value = wordsOf(error, file.name);
    }
  };
  return (
    <div class="keep">
      <button type="button" class="button" disabled={!data.value} onClick={() => void save()}>
        Save parameters
      </button>
      <Files label="Load parameters" accept=".safetensors" onFiles={(files) => void open(files)} />
      <span class="small soft" role="status">
        {said.value}
      </span>
      {problem.value && <ErrorBox name="DataError" message={problem.value} />}
    </div>
  );
}
