import { describe, expect, test } from "vitest";
import { unpacked } from "../../explorer/src/page/packed.ts";
import { deadLinks } from "../build/links.ts";
import { render } from "../build/markdown.ts";

const pages = new Map([
  ["docs/page.md", "page.html"],
  ["docs/other.md", "other.html"],
  ["docs/below/deep.md", "below/deep.html"],
]);
const shown = (text: string, path = "docs/page.md") =>
  render({ path, url: pages.get(path)!, text, title: "Page" }, pages);

describe("links", () => {
  test("between pages stay relative, also from subfolders", () => {
    expect(shown("[a](other.md#part)").html).toContain('href="other.html#part"');
    expect(shown("[a](../other.md)", "docs/below/deep.md").html).toContain('href="../other.html"');
    expect(shown("[a](below/deep.md)").html).toContain('href="below/deep.html"');
  });

  test("to files of the repository open pages that show these files", () => {
    const { html, files } = shown("[tape](../packages/core/src/autodiff/tape.ts)");
    expect(html).toContain('href="files/packages/core/src/autodiff/tape.ts.html"');
    expect(files).toEqual(["packages/core/src/autodiff/tape.ts"]);
    expect(shown("[core](../packages/core)").files).toEqual(["packages/core/README.md"]);
    expect(shown("[docs](../packages/core/src/autodiff/tape.ts#L3)").html).toContain('tape.ts.html#L3"');
  });

  test("of pictures in HTML open these files too", () => {
    const picture = (media: string) => `<picture><source srcset="${media}"><img src="${media}" alt="A"></picture>`;
    for (const text of [picture("performance-tape.svg"), `Seen: ${picture("performance-tape.svg")}`]) {
      const { html, files } = shown(text);
      expect(html).toContain(picture("files/docs/performance-tape.svg"));
      expect(new Set(files)).toEqual(new Set(["docs/performance-tape.svg"]));
    }
    expect(() => shown('<img src="missing.webp" alt="A">')).toThrow("missing.webp, which does not exist");
  });

  test.each([
    ["[a](missing.md)", "docs/page.md links to missing.md, which does not exist."],
    ["![a](missing.svg)", "docs/page.md links to missing.svg, which does not exist."],
    ["[a](../packages)", "docs/page.md links to the folder ../packages: link to a file in it."],
  ])("%s throws", (text, message) => {
    expect(() => shown(text)).toThrow(message);
  });

  test("to missing files, headings or lines are found in the built site", () => {
    const files = new Map([
      ["a.html", '<h1 id="top"></h1><a href="b.html#there"></a><a href="#top"></a><a href="../index.html#/tape"></a>'],
      [
        "b.html",
        '<h1 id="there"></h1><a href="a.html#gone"></a><a href="c.html"></a><img src="d.svg"><a href="../x"></a>',
      ],
    ]);
    expect(deadLinks(files, (path) => path === "index.html")).toEqual([
      "b.html: a.html#gone names a missing heading",
      "b.html: c.html names a missing file",
      "b.html: d.svg names a missing file",
      "b.html: ../x names a missing file",
    ]);
  });
});

test("headings have the ids that GitHub gives them, also if a heading repeats", () => {
  const { html, sections } = shown("# A\n\n## x̄ = s ⊙ `g`, twice\n\none\n\n## Same\n\n## Same\n");
  expect(sections.map(({ id }) => id)).toEqual(["a", "x̄--s--g-twice", "same", "same-1"]);
  expect(sections[1]!.body).toBe("one\n");
  for (const { id } of sections) expect(html).toContain(`id="${id}"`);
});

describe("programs", () => {
  const program = 'import { record, tensor } from "@wengert/core";\nrecord((x) => x, tensor(1));\n// → 1\n';
  const opened = (text: string) => /class="open" href="([^"]*)"[^>]*>([^<]*)/.exec(shown(text).html);

  test("that import only the library have a link to the explorer, without their output", () => {
    const [, href = "", words] = opened(`\`\`\`ts\n${program}\`\`\``)!;
    expect(href).toMatch(/^\.\.\/index\.html#\/tape\?code=/);
    expect(unpacked(href.split("code=")[1]!)).toBe(program.replace("// → 1\n", ""));
    expect(words).toBe("Step through in the explorer");
    expect(opened(`\`\`\`ts\n${program.replaceAll("record", "grad")}\`\`\``)?.[2]).toBe("Run in the explorer");
  });

  test.each(["js", "sh", "ts packages/core/src/autodiff/tape.ts"])("a block of %s has no such link", (info) => {
    expect(opened(`\`\`\`${info}\n${program}\`\`\``)).toBeNull();
  });

  test("that need more than the library have no such link", () => {
    expect(opened(`\`\`\`ts\n${program.replace("@wengert/core", "node:fs")}\`\`\``)).toBeNull();
    expect(opened(`\`\`\`ts\n${program}await later();\n\`\`\``)).toBeNull();
    expect(opened(`\`\`\`ts\n${program}// await is a word\n\`\`\``)).not.toBeNull();
  });
});

test("addresses of the explorer become links to it, also from subfolders", () => {
  expect(shown("`#/tape?example=bias&at=3`").html).toContain(
    '<a href="../index.html#/tape?example=bias&amp;at=3"><code>#/tape?example=bias&amp;at=3</code></a>',
  );
  expect(shown("`#/fit`", "docs/below/deep.md").html).toContain('<a href="../../index.html#/fit">');
  expect(shown("`#/` and `#3`").html).not.toContain("<a");
});

test("long code in a table may break at a space, and in a long word after a dot or an underscore", () => {
  expect(shown("`torch.autograd.set_detect_anomaly(True)`").html).toContain(
    '<code class="long">torch.<wbr />autograd.<wbr />set_<wbr />detect_<wbr />anomaly(True)</code>',
  );
  expect(shown("`jax.grad(f, argnums=(0, 1))`").html).toContain(
    '<code class="long">jax.grad(f, argnums=(0, 1))</code>',
  );
  expect(shown("`softmax(x)`").html).toContain("<code>softmax(x)</code>");
});

test("a solution has a link that checks it in its exercise", () => {
  const { html } = shown('```ts exercise-3\nimport { todo } from "exercises";\n```');
  const [, code = "", words] = /href="\.\.\/index\.html#\/tape\?example=exercise-3&amp;code=([^"]*)"[^>]*>([^<]*)/.exec(
    html,
  )!;
  expect(unpacked(code)).toBe('import { todo } from "exercises";\n');
  expect(words).toBe("Check in the explorer");
});

test("code is escaped", () => {
  expect(shown('```ts\nconst a = b < c && "</code>";\n```').html).toContain(
    'b &lt; c &amp;&amp; <span class="token-string">&quot;&lt;/code&gt;&quot;</span>',
  );
});
