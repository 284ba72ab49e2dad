import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Tensor } from "@wengert/core";
import { differentiableBy, dtypesOf } from "../../../tools/docs/behavior.mjs";
import { type Export, publicEntries, publicModel, sourceHash } from "../../../tools/docs/model.mjs";
import { allFamilies, signature, text } from "../../../tools/docs/opsPage.mjs";
import { exampleStart } from "./markdown.ts";
import { exampleOf, type OpFunction, samplesOf } from "./opExamples.ts";
import { plotOf } from "./opPlots.ts";
import { root, type Source } from "./pages.ts";
import { type Policy, policiesOf } from "./policies.ts";
import { loadWengert, type Wengert } from "./wengert.ts";

// Writes one page for each op, from its declaration, doc comment, samples and VJP rules, and from docs/numerics.md.

/** The page of an op, and the parts of the page that the API reference also shows. */
export interface OpPage extends Source {
  readonly module: string;
  /** The signature, the parameters, the shapes and the example, as Markdown. */
  readonly reference: string;
}

const out = new URL("../out/ops.json", import.meta.url).pathname;
const plotted: ReadonlySet<string> = new Set(["Elementwise", "Activations", "Special"]);

/** Returns the pages of all ops. They are cached until a source file of the library or of this package changes. */
export async function opPages(): Promise<OpPage[]> {
  const numerics = readFileSync(`${root}docs/numerics.md`, "utf8");
  const hash = createHash("sha256").update(sourceHash(publicEntries())).update(numerics);
  for (const folder of ["packages/site/build/", "tools/docs/"])
    for (const name of readdirSync(root + folder)) hash.update(readFileSync(root + folder + name));
  const key = hash.digest("hex");
  if (existsSync(out)) {
    const known = JSON.parse(readFileSync(out, "utf8")) as { key: string; pages: OpPage[] };
    if (known.key === key) return known.pages;
  }
  const pages = writePages(await loadWengert(), numerics);
  mkdirSync(new URL("../out/", import.meta.url), { recursive: true });
  writeFileSync(out, JSON.stringify({ key, pages }));
  return pages;
}

export const opPath = (name: string): string => `docs/ops/${name}.md`;

interface Op {
  readonly declaration: Export;
  readonly family: string;
  readonly isForRules: boolean;
}

function writePages(wengert: Wengert, numerics: string): OpPage[] {
  const { rules } = publicModel();
  const all: Op[] = allFamilies(wengert.ops as never).flatMap(({ title, lead, members }) =>
    members.map((declaration) => ({ declaration, family: title, isForRules: lead !== undefined })),
  );
  const names = all.map(({ declaration }) => declaration.name);
  const policies = policiesOf(numerics, names);
  return all.map((op) => {
    const { name } = op.declaration;
    const relatives = relatedTo(op, all, rules[name] ?? []);
    return pageOf(op, { rules: rules[name] ?? [], policies: policies.get(name) ?? [], relatives }, wengert);
  });
}

interface Known {
  readonly rules: readonly string[];
  readonly policies: readonly Policy[];
  readonly relatives: readonly string[];
}

function pageOf({ declaration, family, isForRules }: Op, known: Known, wengert: Wengert): OpPage {
  const { name, file, doc, inputs } = declaration;
  const { core, ops } = wengert;
  const op = ops[name as keyof typeof ops] as unknown as OpFunction;
  const module = isForRules ? "@wengert/ops/extend" : "@wengert/ops";
  const by = differentiableBy(declaration, op as never, core as never, ops as never);
  const example = exampleOf(declaration, module, by, wengert);
  const anchor = family.toLowerCase().replaceAll(" ", "-");

  const calls = `\`\`\`ts signature\n${signature(declaration, op as never)}\n\`\`\``;
  const dtypes = dtypesOf(declaration, op as never, core as never, ops as never);
  const parameters = [...parametersOf(declaration, by), ...(dtypes ? ["", `Accepted dtypes: ${dtypes}.`] : [])];
  const shapes = shapesOf(op, wengert);
  const program = `\`\`\`ts\n${example}\`\`\``;

  const section = (title: string, content: string): string => (content ? `## ${title}\n\n${content}\n\n` : "");
  const links = [
    `- Source: [\`${file.replace("packages/", "")}\`](/${file})`,
    `- API: [\`${name}\`](/api/${isForRules ? "ops-extend" : "ops"}.md#${name.toLowerCase()}), exported by \`${module}\``,
    `- Family: [${family}](/docs/ops.md#${anchor})`,
    ...(known.relatives.length > 0
      ? [`- Related ops: ${known.relatives.map((each) => `[\`${each}\`](/${opPath(each)})`).join(", ")}`]
      : []),
  ];
  const markdown = `# ${name}

${text(doc)}

${calls}

${section("Plot", plotted.has(family) ? plotOf(name, inputs, wengert) : "")}${section("Parameters", parameters.join("\n"))}${section("Shapes", shapes)}${section("VJP rule", rulesOf(known.rules))}${section("Special cases", policyTable(known.policies))}${section("Example", program)}${section("See also", links.join("\n"))}`;
  return {
    path: opPath(name),
    url: `ops/${name}.html`,
    title: name,
    text: markdown,
    module,
    reference: [
      `[The page of \`${name}\`](/${opPath(name)}) shows its rules and special cases.`,
      calls,
      parameters.join("\n"),
      shapes,
    ]
      .filter(Boolean)
      .concat(`${exampleStart}\n\n${program}\n\n</details>`)
      .join("\n\n"),
  };
}

function parametersOf({ inputs, options }: Export, by: readonly string[]): string[] {
  const isDifferentiable = (name: string) => (by.includes(name) ? "differentiable" : "no derivative");
  const rows = [
    ...inputs.map((name) => [`\`${name}\``, `an input; ${isDifferentiable(name)}`]),
    ...options.map(({ name, type, doc, optional }) => {
      const differentiable = by.includes(name) ? " Differentiable." : "";
      return [`\`${name}${optional ? "?" : ""}: ${type}\``, `${text(doc) || "an option"}${differentiable}`];
    }),
  ];
  if (rows.length === 0) return [];
  return ["| parameter | meaning |", "| --- | --- |", ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`)];
}

const cell = (content: string): string => content.replaceAll(/(?<!\\)\|/g, "\\|");

const maxShapes = 5;

/** Returns a table of the shapes of the samples and of their results. */
function shapesOf(op: OpFunction, { core: { Tensor } }: Wengert): string {
  const shape = (value: unknown): string => {
    if (value instanceof Tensor) return `[${value.shape.join(", ")}]`;
    if (Array.isArray(value)) return value.map(shape).join(", ");
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value !== "object" || value === null) return String(value);
    return Object.entries(value)
      .map(
        ([name, each]) =>
          `${name}: ${each instanceof Tensor || typeof each !== "object" ? shape(each) : JSON.stringify(each)}`,
      )
      .join(", ");
  };
  const isOptions = (value: unknown) =>
    typeof value === "object" && !(value instanceof Tensor) && !Array.isArray(value);
  const rows = samplesOf(op).flatMap((args) => {
    if (Array.isArray(args[0]) && typeof args[0][0] === "string") return []; // the strings of a template literal
    const given = args.map((arg) => (isOptions(arg) ? `{ ${shape(arg)} }` : shape(arg))).join(", ");
    return [`| \`${cell(given)}\` | \`${cell(shape(op(...args) as Tensor))}\` |`];
  });
  if (rows.length === 0) return "";
  return ["| arguments | result |", "| --- | --- |", ...[...new Set(rows)].slice(0, maxShapes)].join("\n");
}

/** Returns the code of the VJP rules, one block for each input. */
function rulesOf(rules: readonly string[]): string {
  if (rules.length === 0) return "";
  const code =
    rules.length === 1 ? rules[0]! : `[\n${rules.map((rule) => `  ${rule.replaceAll("\n", "\n  ")},`).join("\n")}\n]`;
  const lead =
    rules.length === 1
      ? "The rule in the declaration of the op:"
      : "The rules in the declaration of the op, one for each input:";
  return `${lead}\n\n\`\`\`ts rule\n${code}\n\`\`\``;
}

function policyTable(policies: readonly Policy[]): string {
  if (policies.length === 0) return "";
  const rows = policies.map(
    (policy) => `| ${[policy.case, policy.result, policy.reason].map(fromNumerics).join(" | ")} |`,
  );
  const lead = "[Numerics](/docs/numerics.md#policies) compares these results with those of other libraries.";
  return ["| case | result | why |", "| --- | --- | --- |", ...rows, "", lead].join("\n");
}

/** Rewrites relative links in text from docs/numerics.md, so that the links also work on the pages of ops. */
const fromNumerics = (markdown: string): string =>
  markdown.replaceAll(/\]\((?!https?:|\/)([^)]*)\)/g, (_, target: string) =>
    target.startsWith("#") ? `](/docs/numerics.md${target})` : `](/docs/${target})`,
  );

const maxRelatives = 12;

/** Returns the related ops of an op: first the ops that its VJP rules call, then the other ops of its source file. */
function relatedTo({ declaration }: Op, all: readonly Op[], rules: readonly string[]): string[] {
  const words = new Set(rules.join("\n").match(/\b\w+(?=\()/g));
  const names = [
    ...all.filter((other) => words.has(other.declaration.name)),
    ...all.filter((other) => other.declaration.file === declaration.file),
  ].map((other) => other.declaration.name);
  return [...new Set(names)].filter((name) => name !== declaration.name).slice(0, maxRelatives);
}
