import { expect } from "vitest";
import { unpacked } from "../../explorer/src/page/packed.ts";
import { isSoak, sampled, test, visit } from "../../explorer/test/support.ts";
import { groups, type Source } from "../build/pages.ts";

const pages = (await groups()).flatMap(({ sources }) => sources.filter(hasPrograms));

function hasPrograms({ path, text }: Source): boolean {
  return path.startsWith("docs/") && /^```ts$/m.test(text);
}

// `npm test` runs the first program of every third page, and `npm run soak` runs all programs. A test of the examples runs
// all programs in Node.
test.each(
  sampled(
    pages.map((page) => page.url),
    3,
  ),
)("programs of %s run in the explorer and print the documented output", async (url) => {
  const page = await visit(`docs/${url}`);
  const programs = await page.locator(".block:has(a.open)").evaluateAll((blocks) =>
    blocks.map((block) => ({
      address: block.querySelector<HTMLAnchorElement>("a.open")!.href,
      shown: block.querySelector("code")!.textContent,
    })),
  );
  for (const { address, shown } of isSoak ? programs : programs.slice(0, 1)) {
    const code = unpacked(new URLSearchParams(address.split("?")[1]).get("code")!)!;
    await page.goto(address);
    await page.waitForFunction((text) => document.querySelector(".reading code")?.textContent === text, code);
    await page.locator(".right[aria-busy=false]").waitFor();
    expect(await page.locator(".error-box").allTextContents(), code).toEqual([]);
    const promised = [...shown.matchAll(/^\s*\/\/ → ?(.*)$/gm)].map(([, line]) => line).join("\n");
    if (promised) expect(tight((await page.locator(".printed code").textContent())!)).toBe(tight(promised));
    if (code.includes("record(")) await page.locator(".list-panel").waitFor();
    expect(await page.getByRole("combobox", { name: "Example" }).locator("option:checked").textContent()).toBe(
      "A program of your own",
    );
  }
});

/** Removes spaces inside brackets from printed text. Node prints such spaces, and the explorer does not. */
const tight = (text: string): string => text.replaceAll("[ ", "[").replaceAll(" ]", "]");
