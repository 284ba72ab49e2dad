export { type Content, type Html, html, plot } from "./html.ts";
export {
  type Color,
  colored,
  type HeadOptions,
  head,
  type KeyFigures,
  type PageOptions,
  page,
  table,
} from "./page.ts";
export { report } from "./report.ts";
export type { ReportOptions, SectionNotes } from "./subject.ts";
