import { describe, expect, test } from "vitest";
import { findingsIn, rules } from "../check/prose.mjs";

// These tests read the forbidden phrases from prose.json. They must not contain a forbidden phrase themselves, because
// the prose check also reads this file.
const [{ example: bad }] = rules.filter(({ pattern }) => pattern === "of which") as [(typeof rules)[number]];
const british = "colour";
const linesOf = (path: string, ...lines: string[]) => findingsIn(path, lines.join("\n")).map(({ line }) => line);

describe.each(rules)("$pattern", ({ example, passes = [], where, instead }) => {
  test("finds its example in a comment", () => {
    const found = findingsIn("a.ts", `const x = 1;\n/** ${example} */\n`).filter(
      (finding) => finding.instead === instead,
    );
    expect(new Set(found.map(({ line }) => line))).toEqual(new Set([2]));
  });

  test.skipIf(where === "start")("finds its example in Markdown", () => {
    expect(findingsIn("a.md", `# Title.\n\n${example}\n`).map((finding) => finding.instead)).toContain(instead);
  });

  test("no other rule finds its example, so each finding has one remedy", () => {
    expect(new Set(findingsIn("a.ts", `/** ${example} */`).map((finding) => finding.instead)).size).toBeLessThanOrEqual(
      2,
    );
  });

  test.each(passes)("passes: %s", (text) => {
    expect(findingsIn("a.ts", `const x = 1;\n/** ${text} */`)).toEqual([]);
  });
});

test("examples are distinct", () => {
  expect(new Set(rules.map(({ example }) => example)).size).toBe(rules.length);
});

test.each([
  ["a line comment", `f(); // ${bad}`],
  ["a block comment", `/* ${bad} */`],
  ["a doc comment", `/**\n * ${bad}\n */`],
  ["a message", `throw new Error("${bad}");`],
  ["a template", `throw new Error(\`\${name}: ${bad}, got \${value}\`);`],
  ["a test title", `test('${bad}', () => {});`],
])("finds words in %s", (_, source) => {
  expect(findingsIn("a.ts", source)).toHaveLength(1);
});

test("finds text and attributes of JSX", () => {
  expect(linesOf("a.tsx", "const a = (", `  <p title="${bad}">`, `    ${bad}`, "  </p>", ");")).toEqual([2, 3]);
});

test("finds a phrase across two lines, and reports the first", () => {
  const [first, second] = [bad.slice(0, bad.indexOf("which")), bad.slice(bad.indexOf("which"))];
  expect(linesOf("a.ts", "", `// ${first}`, `// ${second}`)).toEqual([2]);
  expect(linesOf("a.ts", "/**", ` * ${first}`, ` * ${second}`, " */")).toEqual([2]);
  expect(linesOf("a.md", first, second)).toEqual([1]);
});

test("a phrase does not join two comments or two strings", () => {
  expect(linesOf("a.ts", 'f("two of the rows of", "which of these rows");')).toEqual([]);
  expect(linesOf("a.ts", "f(); // three of", "g(); // which of them")).toEqual([]);
});

test.each([
  ["identifiers", `const ${british} = ${british};`],
  ["strings of one or two words", `f("${british}", "the ${british}");`],
  ["regular expressions", `const r = /the ${british} is here/;`],
  ["code spans in comments", `// The field \`${british}\` of \`options\``],
  ["addresses", `// See https://example.org/${british}/page for more.`],
])("skips %s", (_, source) => {
  expect(findingsIn("a.ts", source)).toEqual([]);
});

test("skips code in Markdown, and keeps the numbers of lines", () => {
  const fence = "```";
  expect(linesOf("a.md", `${fence}ts`, `// ${bad}`, fence, `The field \`${british}\`.`, "", bad)).toEqual([6]);
  expect(linesOf("a.md", `[a link](docs/${british}.md)`, `<img alt="${bad}">`)).toEqual([2]);
});

test("a phrase may contain a substitution of a template", () => {
  expect(linesOf("a.ts", `f(\`neither the shape, \${shape}, nor the dtype, \${dtype}\`);`)).toEqual([]);
});

test("a line with the mark passes", () => {
  expect(linesOf("a.ts", `// ${bad} (prose-ok: a quotation)`, `// ${bad}`)).toEqual([2]);
});

test("good English passes", () => {
  const text = `Returns the numbers that are not finite. There is no such op, and there are none in core. It is no longer needed.
    It understands which rows exist; s stands for the slope, and x lies between 0 and 1. Neither the shape nor the dtype changes.
    The message says what is wrong. What does it cost? It centers rows, normalizes colors and models behavior.
    An outstanding analysis of the basis emphasizes precise, wise advice; exercise, otherwise, raise, promise, likewise.`;
  expect(findingsIn("a.md", text)).toEqual([]);
  expect(findingsIn("a.ts", `/** ${text} */`)).toEqual([]);
});
