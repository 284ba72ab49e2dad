/**
 * The style of every report page. Blue and orange can be told apart with every type of color blindness, on light and
 * dark pages.
 */
export const pageStyle: string = `:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --raised: #ffffff; --ink: #1f1e1b; --muted: #66635c; --line: #dedad1;
  --blue: #2468b4; --orange: #bd4e0c;
  --text: Charter, "Bitstream Charter", "Iowan Old Style", "Source Serif 4", "Palatino Linotype", Georgia, serif;
  --data: system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif;
  --code: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b; --raised: #1e2125; --ink: #e8e6e1; --muted: #a29f97; --line: #35383d;
    --blue: #6fabed; --orange: #f09152;
  }
  img.ink { filter: invert(1); }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 var(--text); }
main { max-width: 68rem; margin: 0 auto; padding: clamp(1.5rem, 5vw, 4rem) clamp(1rem, 4vw, 2.5rem); }
h1 { font-size: clamp(1.8rem, 5vw, 2.6rem); line-height: 1.15; margin: 0 0 .75rem; text-wrap: balance; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .5rem; }
h1, h2, p, figcaption { overflow-wrap: break-word; }
section { margin-top: 3.5rem; }
p { margin: 0 0 1rem; max-width: 40rem; }
.lead { font-size: 1.15rem; }
.note, figcaption, summary, th, td, dt, dd { font-family: var(--data); }
.note, figcaption, summary { color: var(--muted); font-size: .875rem; line-height: 1.45; }
code, pre { font-family: var(--code); font-size: .8125rem; }
p code { font-size: .875em; overflow-wrap: anywhere; }
pre { margin: 0; padding: 1rem; overflow-x: auto; line-height: 1.5; background: var(--raised);
  border: 1px solid var(--line); border-radius: .4rem; }
figure { margin: 0; min-width: 0; }
figcaption { margin-top: .4rem; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
img { display: block; width: 100%; height: auto; image-rendering: pixelated; }
dl { display: flex; flex-wrap: wrap; gap: 1px; margin: 1.75rem 0 0;
  background: var(--line); border: 1px solid var(--line); border-radius: .4rem; overflow: hidden; }
dl div { flex: 1 1 8.5rem; background: var(--raised); padding: .7rem .9rem; display: flex; flex-direction: column; }
dt { order: 2; color: var(--muted); font-size: .8125rem; }
dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
summary { cursor: pointer; }
details[open] summary { margin-bottom: .5rem; }
.scroll { overflow-x: auto; }
.plain { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9375rem; }
.plain th { font-weight: 500; color: var(--muted); font-size: .8125rem; vertical-align: bottom; }
.plain :is(th, td) { text-align: right; padding: .35rem 0 .35rem 1.25rem; border-bottom: 1px solid var(--line); }
.plain td { white-space: nowrap; }
.plain :is(th, td):first-child { padding-left: 0; text-align: left; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 2rem 3rem; }
.columns > * { min-width: 0; }
.colored { display: inline-block; max-width: 100%; }
.colored > i:first-child { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .3em; }
@media print {
  :root { color-scheme: light; }
  body { background: none; font-size: 10pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 2rem; }
  h2 { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  * { print-color-adjust: exact; }
}`;
