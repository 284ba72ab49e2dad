import { expect, inject } from "vitest";
import { unpacked } from "../../explorer/src/house/packed.ts";
import { test, visit } from "../../explorer/test/support.ts";
import { groups, type Source } from "../build/pages.ts";

const pages = inject("browser") ? groups().flatMap(({ sources }) => sources.filter(hasPrograms)) : [];

function hasPrograms({ path, text }: Source): boolean {
  return path.startsWith("docs/") && /^```ts$/m.test(text);
}

/** What the programs of a page print, as their lines with arrows say. */
function promised({ text }: Source): string[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, code = ""]) => [...code.matchAll(/^\s*\/\/ → ?(.*)$/gm)].map(([, line]) => line).join("\n"))
    .filter((output) => output !== "");
}

test.each(pages.map((page) => [page.url, page] as const))(
  "each program of %s runs in the explorer, and prints there what it does here",
  async (url, source) => {
    const page = await visit(`docs/${url}`);
    const addresses = await page
      .locator("a.open")
      .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    const outputs: string[] = [];
    for (const address of addresses) {
      await page.goto(address);
      await page.reload(); // only the hash has changed
      await page.locator(".right[aria-busy=false]").waitFor();
      expect(await page.locator(".error-box").allTextContents(), address).toEqual([]);
      outputs.push(...(await page.locator(".printed code").allTextContents()));
      const code = unpacked(new URLSearchParams(address.split("?")[1]).get("code")!)!;
      if (code.includes("record(")) await page.locator(".list-panel").waitFor();
    }
    expect(outputs.map(tight)).toEqual(promised(source).map(tight));
  },
);

/** Node writes lists with spaces inside their brackets, the explorer without. */
const tight = (text: string): string => text.replaceAll("[ ", "[").replaceAll(" ]", "]");
