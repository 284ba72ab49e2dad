export { type Content, type Html, html, plot } from "./report/html.ts";
export {
  type Colour,
  coloured,
  type Figures,
  type HeadOptions,
  head,
  type PageOptions,
  page,
  table,
} from "./report/page.ts";
export { report } from "./report/report.ts";
export type { Notes, ReportOptions } from "./report/subject.ts";
