import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Application, type DocumentationEntryPoint, type TypeDocOptions } from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import { programOf, publicEntries, sourceHash } from "../../../tools/docs/model.mjs";
import type { Source } from "./pages.ts";

// Generates the API reference as Markdown with typedoc. The files become pages like all other Markdown files.

const root = new URL("../../../", import.meta.url).pathname;
const out = new URL("../out/api/", import.meta.url).pathname;

/** For each package entry point, a description that the API reference shows. */
const about: Readonly<Record<string, string>> = {
  "@wengert/core": "Tensors, the tape, derivatives, and programs with their readers.",
  "@wengert/core/extend": "For authors of ops and packages: declare ops, record steps, check arguments, read arrays.",
  "@wengert/core/gradcheck": "Compares VJP rules with finite differences and diagnoses wrong ones.",
  "@wengert/ops": "The ops with their declarations. [The ops](/docs/ops.md) lists them by family, with their options.",
  "@wengert/ops/extend": "For authors of rules: the ops that other ops' VJP rules use.",
  "@wengert/compile":
    "Runs functions of tensors from plans, with one WebAssembly function for each. [Plans](/docs/compile.md) explains them.",
  "@wengert/nn":
    "Layers as pure functions: dense, convolutions, recurrent layers, attention. [Layers](/docs/layers.md) has examples.",
  "@wengert/train": "Fits small models: optimizers, the training loop, metrics, checkpoints.",
  "@wengert/train/extend": "For authors of packages: the parts that data and report share with train.",
  "@wengert/data": "Reads data sets from files into tensors. [Files](/docs/files.md) has examples.",
  "@wengert/onnx": "Exports programs as ONNX files. [ONNX](/docs/onnx.md) has examples.",
  "@wengert/mpi":
    "Training on several processes with MPI. [Scaling](/docs/scaling.md) says how to start it, and when it pays.",
  "@wengert/report": "A page about a fit: learning curves, mistakes, the model's confidence.",
};

const options: TypeDocOptions & PluginOptions = {
  plugin: ["typedoc-plugin-markdown"],
  out,
  readme: "none",
  excludeExternals: true,
  basePath: root,
  groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases"],
  outputFileStrategy: "modules",
  hidePageHeader: true,
  hidePageTitle: true,
  hideBreadcrumbs: true,
  hideGroupHeadings: false,
  useCodeBlocks: true,
  expandParameters: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeDeclarationFormat: "table",
  tableColumnSettings: { hideSources: true, hideModifiers: true, hideInherited: true, hideDefaults: true },
  logLevel: "Warn",
};

/** Returns a page of API reference for each entry point of the published packages. */
export async function api(): Promise<Source[]> {
  const entries = publicEntries();
  const [hash, known] = [sourceHash(entries) + JSON.stringify(options), `${out}.hash`];
  if (!existsSync(known) || readFileSync(known, "utf8") !== hash) {
    rmSync(out, { recursive: true, force: true });
    await write(entries);
    writeFileSync(known, hash);
  }
  return entries.map(({ name, report }) => {
    const markdown = readFileSync(`${out}${report}.md`, "utf8")
      .replaceAll(/^Defined in: packages\/(.*?):(\d+)/gm, "<small>[$1:$2](/packages/$1#L$2)</small>")
      // Type parameters are omitted, because the signature already shows them.
      .replaceAll(/^#+ Type Parameters\n\n(?:\|.*\n)+\n/gm, "")
      // Constructors of error classes are omitted: they are all the same, and only the library calls them.
      .replaceAll(/^#### Constructors\n[\s\S]*?(?=^#{1,4} |^\*\*\*$)/gm, (text) =>
        text.includes("Inherited from") ? "" : text,
      )
      .replaceAll(/^#+ Overrides\n\n.*\n\n?/gm, "");
    const text = `# ${name}\n\n${about[name] ?? ""}\n\n${markdown}`;
    return { path: `api/${report}.md`, url: `api/${report}.html`, title: name, text };
  });
}

async function write(entries: ReturnType<typeof publicEntries>): Promise<void> {
  const app = await Application.bootstrapWithPlugins(options, []);
  const program = programOf(entries);
  const sources = entries.map(({ report, source }): DocumentationEntryPoint => {
    return { displayName: report, program, sourceFile: program.getSourceFile(source)! };
  });
  await app.generateOutputs(app.converter.convert(sources));
  if (app.logger.hasErrors()) throw new Error("site: typedoc could not read the API; see its errors above.");
}
