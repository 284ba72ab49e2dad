import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Source } from "./pages.ts";

// The API as typedoc reads it from the sources: Markdown, which becomes pages like any other.

const site = new URL("..", import.meta.url).pathname;
const out = `${site}out/api/packages/`;
const modules: readonly (readonly [file: string, url: string, name: string, about: string])[] = [
  [
    "core/src.md",
    "api/core.html",
    "@wengert/core",
    "The tape: tensors, what records and differentiates them, and what reads a list.",
  ],
  [
    "core/src/gradcheck.md",
    "api/core-gradcheck.html",
    "@wengert/core/gradcheck",
    "Rules held to finite differences, with a diagnosis.",
  ],
  ["core/src/ndarray.md", "api/core-ndarray.html", "@wengert/core/ndarray", "Arrays as kernels see them."],
  [
    "ops/src.md",
    "api/ops.html",
    "@wengert/ops",
    "The ops as they are declared. [The ops](/docs/ops.md) has them by family, with their options.",
  ],
  ["train/src.md", "api/train.html", "@wengert/train", "Fitting small models: optimisers, the loop, metrics, files."],
  [
    "train/src/data-1.md",
    "api/train-data.html",
    "@wengert/train/data",
    "Data sets: from files into tensors. [Files](/docs/files.md) tells more.",
  ],
  [
    "train/src/report.md",
    "api/train-report.html",
    "@wengert/train/report",
    "A page on a fit: learning curves, mistakes, what the model is sure of.",
  ],
];

export function api(): Source[] {
  if (!isCurrent()) run();
  return modules.map(([file, url, name, about]) => {
    const markdown = readFileSync(out + file, "utf8")
      .replaceAll("](source:", "](/packages/")
      .replaceAll(/^Defined in: \[packages\/(.*?)\](\(.*?\))/gm, "<small>[$1]$2</small>")
      // The signature has these already.
      .replaceAll(/^#+ Type Parameters\n\n(?:\|.*\n)+\n/gm, "")
      // Errors are made by the library: their constructors are all the same.
      .replaceAll(/^#### Constructors\n[\s\S]*?(?=^#{1,4} |^\*\*\*$)/gm, (text) =>
        text.includes("Inherited from") ? "" : text,
      )
      .replaceAll(/^#+ Overrides\n\n.*\n\n?/gm, "");
    return { path: `api/${file}`, url, title: name, text: `# ${name}\n\n${about}\n\n${markdown}` };
  });
}

function run(): void {
  // Beside its package.json, which names no such file among its exports.
  const bin = join(dirname(createRequire(import.meta.url).resolve("typedoc/package.json")), "bin/typedoc");
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin], { cwd: site, encoding: "utf8" });
  if (status !== 0) throw new Error(`typedoc could not read the API:\n${stdout}${stderr}`);
}

/** Whether nothing that it was made of has changed since: it takes a few seconds. */
function isCurrent(): boolean {
  const made = out + modules[0]![0];
  if (!existsSync(made)) return false;
  const sources = ["core/src", "ops/src", "train/src"].flatMap((folder) =>
    readdirSync(`${site}../${folder}`, { recursive: true, encoding: "utf8" }).map(
      (name) => `${site}../${folder}/${name}`,
    ),
  );
  const times = [...sources, `${site}typedoc.json`, import.meta.filename].map((path) => statSync(path).mtimeMs);
  return Math.max(...times) < statSync(made).mtimeMs;
}
