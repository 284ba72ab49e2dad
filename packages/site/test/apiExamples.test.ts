import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { publicModel } from "../../../tools/docs/model.mjs";

const dist = new URL("../dist/docs/", import.meta.url);
const examples = new URL("../examples/", import.meta.url);
const { modules } = publicModel();

/** The entries of an API page of the built site: the HTML of each entry by the id of its heading. */
function entriesOf(report: string): Map<string, string> {
  const html = readFileSync(new URL(`api/${report}.html`, dist), "utf8");
  const parts = html.split(/<h3 id="([^"]+)">/).slice(1);
  return new Map(parts.flatMap((id, i) => (i % 2 === 0 ? [[id, parts[i + 1]!] as const] : [])));
}
const hasExample = (entry: string | undefined) => entry?.includes("<summary>Example</summary>");
const nameOf = (entry: string | undefined) => /^[\w$]+/.exec(entry ?? "")?.[0];

test.each(modules)("each export of $name has an example, or the link to one", ({ report, exports }) => {
  const entries = entriesOf(report);
  const found = new Map([...entries.values()].map((entry) => [nameOf(entry), entry]));
  for (const { name, kind } of exports) {
    const entry = found.get(name);
    expect(entry, `${name} has an entry`).toBeDefined();
    if (hasExample(entry)) continue;
    const link = /<a href="([^"#]*)#([^"]+)">The example of <code>([\w$]+)<\/code><\/a>/.exec(entry!);
    expect(link, `${name}: write an example into packages/site/examples/${report}.md`).not.toBeNull();
    if (kind !== "class") expect(kind, `${name} needs its own example`).toBe("type");
    const [, page = "", id = "", target] = link!;
    const linked = (page ? entriesOf(page.replace(/\.html$/, "")) : entries).get(id);
    expect(nameOf(linked), `${name} links to ${page}#${id}`).toBe(target);
    expect(hasExample(linked)).toBe(true);
  }
});

test("each program in the folder of examples has the name of an export", () => {
  for (const file of readdirSync(examples)) {
    const module = modules.find(({ report }) => `${report}.md` === file);
    const names = new Set(module?.exports.map(({ name }) => name));
    const text = readFileSync(new URL(file, examples), "utf8");
    for (const [, name = "", code] of text.matchAll(/^## (\S+)\n\n```ts\n(.*?)^```$/gms)) {
      expect(names, file).toContain(name);
      expect(code, `${file}: ${name}`).toMatch(new RegExp(`\\b${name}\\b`));
    }
  }
});
