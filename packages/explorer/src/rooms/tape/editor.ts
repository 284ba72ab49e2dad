import declarations, { type Declaration } from "virtual:declarations";
import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, RangeSetBuilder, StateEffect, type StateEffectType, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The program editor, for TypeScript. Completion offers the library's functions, with their formulas. */
export class Editor {
  readonly #view: EditorView;
  #isShowing = false;

  constructor(parent: HTMLElement, code: string, written: (code: string) => void) {
    const changed = EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged && !this.#isShowing) written(state.doc.toString());
    });
    this.#view = new EditorView({
      parent,
      state: EditorState.create({
        doc: code,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          javascript({ typescript: true }),
          syntaxHighlighting(colors),
          autocompletion({ override: [complete], icons: false }),
          hoverTooltip(explain),
          failedLine,
          steppedLine,
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({
            "aria-label": "The program. Press Escape, then Tab, to leave it.",
            spellcheck: "false",
          }),
          changed,
        ],
      }),
    });
  }

  /** Shows another program in the editor. Does nothing if the editor already contains the same text. */
  show(code: string): void {
    const { doc } = this.#view.state;
    if (doc.toString() === code) return;
    this.#isShowing = true;
    this.#view.dispatch({ changes: { from: 0, to: doc.length, insert: code } });
    this.#isShowing = false;
  }

  /** Marks the line of the program that threw an error. */
  fail(line: number | undefined): void {
    this.#view.dispatch({ effects: failAt.of(line) });
  }

  /**
   * Highlights the line of the program that recorded the current step. When the sweep runs the VJP rules of the step,
   * the same line is highlighted.
   */
  step(line: number | undefined, isBackward: boolean): void {
    this.#view.dispatch({ effects: stepAt.of(line === undefined ? undefined : { line, isBackward }) });
  }

  goTo(line: number): void {
    const { doc } = this.#view.state;
    const { from } = doc.line(Math.min(Math.max(line, 1), doc.lines));
    this.#view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    this.#view.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  close(): void {
    this.#view.destroy();
  }
}

const colors = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], class: "token-word" },
  { tag: [tags.string, tags.special(tags.string)], class: "token-string" },
  { tag: [tags.number, tags.bool, tags.null], class: "token-number" },
  { tag: tags.comment, class: "token-comment" },
  { tag: [tags.typeName], class: "token-type" },
]);

interface MarkedLine {
  readonly line: number;
  readonly class: string;
}

/** Returns a CodeMirror extension that highlights one line of the program. A CodeMirror effect sets the line. */
function markedLine<T>(effectOf: StateEffectType<T>, markOf: (value: T) => MarkedLine | undefined) {
  return StateField.define<DecorationSet>({
    create: () => Decoration.none,
    update(marks, { effects, changes, newDoc }) {
      for (const effect of effects) {
        if (!effect.is(effectOf)) continue;
        const builder = new RangeSetBuilder<Decoration>();
        const mark = markOf(effect.value);
        if (mark && mark.line >= 1 && mark.line <= newDoc.lines) {
          const { from } = newDoc.line(mark.line);
          builder.add(from, from, Decoration.line({ class: mark.class }));
        }
        return builder.finish();
      }
      return marks.map(changes);
    },
    provide: (field) => EditorView.decorations.from(field),
  });
}

const failAt = StateEffect.define<number | undefined>();
const failedLine = markedLine(failAt, (line) => (line === undefined ? undefined : { line, class: "failed-line" }));
const stepAt = StateEffect.define<{ readonly line: number; readonly isBackward: boolean } | undefined>();
const steppedLine = markedLine(
  stepAt,
  (at) => at && { line: at.line, class: at.isBackward ? "current backward" : "current" },
);

const byName = new Map(declarations.map((declaration) => [declaration.name, declaration]));

function complete(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/[\w$]+/);
  if (!word && !context.explicit) return null;
  return {
    from: word?.from ?? context.pos,
    validFor: /^[\w$]*$/,
    options: declarations.map((declaration) => ({
      label: declaration.name,
      detail: declaration.signature.slice(declaration.name.length),
      type: "function",
      boost: -declaration.name.length, // shorter names first: softmax before softmaxPullback
      info: () => cardOf(declaration),
      apply: (view, _, from, to) => {
        const { name, module } = declaration;
        const changes = importOf(view.state, name, module);
        view.dispatch({
          changes: [{ from, to, insert: name }, ...changes],
          selection: { anchor: from + name.length + lengthOf(changes, from) },
        });
      },
    })),
  };
}

interface Change {
  readonly from: number;
  readonly insert: string;
}

const lengthOf = (changes: readonly Change[], before: number): number =>
  changes.filter(({ from }) => from < before).reduce((sum, { insert }) => sum + insert.length, 0);

/**
 * Returns the edit that imports a name from its module: in an existing import statement, or in a new statement. Empty
 * if the name is already imported.
 */
function importOf(state: EditorState, name: string, module: string): readonly Change[] {
  const text = state.doc.toString();
  const found = new RegExp(`import \\{([^}]*)\\} from "${module}"`).exec(text);
  if (!found) return [{ from: 0, insert: `import { ${name} } from "${module}";\n` }];
  const names = found[1]!.split(",").map((each) => each.trim().replace(/^type /, ""));
  if (names.includes(name)) return [];
  const end = found.index + found[0].indexOf("}");
  const gap = /\s$/.test(found[1]!) ? 1 : 0;
  return [{ from: end - gap, insert: `, ${name}` }];
}

function explain(view: EditorView, at: number) {
  const { from, to, text } = view.state.doc.lineAt(at);
  const words = [...text.matchAll(/[\w$]+/g)];
  const word = words.find(({ index, 0: found }) => from + index <= at && at <= from + index + found.length);
  const declaration = word && byName.get(word[0]);
  if (!declaration) return null;
  return {
    pos: from + word.index,
    end: Math.min(from + word.index + word[0].length, to),
    create: () => ({ dom: cardOf(declaration) }),
  };
}

function cardOf({ signature, doc }: Declaration): HTMLElement {
  const card = document.createElement("div");
  card.className = "card";
  const first = document.createElement("code");
  first.textContent = signature;
  const second = document.createElement("p");
  second.textContent = doc;
  card.append(first, second);
  return card;
}
