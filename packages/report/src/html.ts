/**
 * The content of a page: text, which is escaped; HTML made with `html`; or a list of both. `undefined` and `false` are
 * omitted.
 */
export type Content = string | number | undefined | false | Html | readonly Content[];

/** A string of HTML, or the options of a plot that is drawn later. */
export type Piece = string | object;

/**
 * HTML for a page. Only the functions `html` and `plot` create values of this type, so ordinary strings are never
 * treated as HTML.
 */
export class Html {
  readonly #pieces: readonly Piece[];

  private constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  static of(...pieces: readonly Piece[]): Html {
    return new Html(pieces);
  }

  /** Returns the pieces of `content`. */
  static piecesOf(content: Content): readonly Piece[] {
    if (content === undefined || content === false) return [];
    if (typeof content === "object" && #pieces in content) return content.#pieces;
    if (Array.isArray(content)) return (content as readonly Content[]).flatMap((each) => Html.piecesOf(each));
    return [escapeHtml(String(content))];
  }
}

/**
 * Builds HTML from a template literal, such as html`<b>${name}</b>`. Inserted strings are escaped; inserted HTML is
 * kept.
 */
export function html(strings: TemplateStringsArray, ...inserted: readonly Content[]): Html {
  return Html.of(...strings.flatMap((text, i) => [text, ...Html.piecesOf(inserted[i])]));
}

/**
 * Returns a plot by Observable Plot, which `page` draws. `options` are Plot's `PlotOptions`. The type of `options` is
 * `object`, because Plot's declarations need types of d3 that Plot does not install. Use the colors of the page, as in
 * `fill: "var(--blue)"`.
 */
export function plot(options: object): Html {
  return Html.of(options);
}

/** Escapes text for use in HTML and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
