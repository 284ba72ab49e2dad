/** The content of a page: text, which is escaped; HTML; or a list of these. `undefined` and `false` add nothing. */
export type Content = string | number | undefined | false | Html | readonly Content[];

/** HTML as it is, or a plot that is still to be drawn. */
export type Piece = string | object;

/** A part of a page. Only `html` and `plot` make one, so text from elsewhere is never taken for HTML. */
export class Html {
  readonly #pieces: readonly Piece[];

  private constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  static of(...pieces: readonly Piece[]): Html {
    return new Html(pieces);
  }

  /** What `content` consists of. */
  static piecesOf(content: Content): readonly Piece[] {
    if (content === undefined || content === false) return [];
    if (typeof content === "object" && #pieces in content) return content.#pieces;
    if (Array.isArray(content)) return (content as readonly Content[]).flatMap((each) => Html.piecesOf(each));
    return [escapeHtml(String(content))];
  }
}

/** HTML from a template. Inserted text is escaped, inserted HTML is not: html`<b>${name}</b>`. */
export function html(strings: TemplateStringsArray, ...inserted: readonly Content[]): Html {
  return Html.of(...strings.flatMap((text, i) => [text, ...Html.piecesOf(inserted[i])]));
}

/**
 * A plot of Observable Plot, which `page` draws, of its `PlotOptions`. (Their declarations want those of d3, which Plot does not bring:
 * no user of a report should need them.) Its colors should be those of the page, as in `fill: "var(--blue)"`.
 */
export function plot(options: object): Html {
  return Html.of(options);
}

/** Text as HTML; in an attribute, too, if that stands in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
