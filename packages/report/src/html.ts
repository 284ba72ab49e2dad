/** The content of a page: text, which is escaped; HTML; or a list of these. `undefined` and `false` add nothing. */
export type Content = string | number | undefined | false | Html | readonly Content[];

/** A string of HTML, or the options of a plot that is drawn later. */
export type Piece = string | object;

/** A part of a page. Only `html` and `plot` create it, so other text is never treated as HTML. */
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

/** Builds HTML from a template. Inserted text is escaped, inserted HTML is not: html`<b>${name}</b>`. */
export function html(strings: TemplateStringsArray, ...inserted: readonly Content[]): Html {
  return Html.of(...strings.flatMap((text, i) => [text, ...Html.piecesOf(inserted[i])]));
}

/**
 * Returns a plot of Observable Plot for `page` to draw. `options` are Plot's `PlotOptions`; the type is `object`, because their
 * declarations need types of d3 that Plot does not install. Use the colors of the page, as in `fill: "var(--blue)"`.
 */
export function plot(options: object): Html {
  return Html.of(options);
}

/** Escapes text for HTML, also for a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
