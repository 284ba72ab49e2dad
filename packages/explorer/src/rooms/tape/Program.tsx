import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { CodeBlock } from "../../parts/CodeBlock.tsx";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import type { Editor } from "./editor.ts";
import { at, currentLine, edit, isSlow, outcome, pointAtLine, pointedLines, program, stop, timeline } from "./state.ts";

const pause = 400; // the time in ms from the last keystroke to the run

const load = () => import("./editor.ts");

/** Shows the program. The editor is loaded only when the user begins to edit. */
export function Program() {
  const isEdited = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | undefined>(undefined);
  const code = program.value ?? "";
  const shown = isSlow.value ? undefined : outcome.value; // while a program runs, the last result is that of another one
  const failure = shown?.error;
  const printed = shown?.printed ?? [];
  useEffect(() => {
    if (!isEdited.value) return undefined;
    let timer: number | undefined;
    let isCurrent = true;
    const written = (text: string) => {
      clearTimeout(timer);
      timer = window.setTimeout(() => edit(text), pause);
    };
    void load().then(({ Editor: Own }) => {
      if (!isCurrent) return;
      editor.current = new Own(box.current!, program.peek() ?? "", written);
      editor.current.fail(outcome.peek()?.error?.line);
      editor.current.step(currentLine.peek(), timeline.peek()?.isBackward(at.peek()) ?? false);
      editor.current.focus();
    });
    return () => {
      isCurrent = false;
      clearTimeout(timer);
      editor.current?.close();
      editor.current = undefined;
    };
  }, [isEdited.value]);
  const isSweeping = timeline.value?.isBackward(at.value) ?? false;
  const line = currentLine.value;
  useEffect(() => editor.current?.step(line, isSweeping), [line, isSweeping, isEdited.value]);
  useEffect(() => editor.current?.show(code), [code]);
  useEffect(() => editor.current?.fail(failure?.line), [failure]);
  const begin = () => {
    isEdited.value = true;
  };
  return (
    <section class="program panel" aria-labelledby="program-title">
      <header>
        <h2 id="program-title">Program</h2>
        {isEdited.value ? (
          <p>runs as you type</p>
        ) : (
          <button
            type="button"
            class="button quiet"
            data-edit
            onFocus={() => void load()}
            onPointerEnter={() => void load()}
            onClick={begin}
          >
            Edit
          </button>
        )}
      </header>
      {isEdited.value ? (
        <div class="editor" ref={box} />
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: the button above does the same
        // biome-ignore lint/a11y/useKeyWithClickEvents: so does the key e
        <div class="reading" onClick={begin}>
          <CodeBlock
            code={code}
            label="The program"
            onLine={pointAtLine}
            lineClass={(line) =>
              line === currentLine.value
                ? isSweeping
                  ? "current backward"
                  : "current"
                : pointedLines.value.has(line)
                  ? "pointed"
                  : undefined
            }
          />
        </div>
      )}
      {isSlow.value && (
        <p class="running" role="status">
          Running …
          <button type="button" class="button quiet" onClick={stop}>
            Stop
          </button>
        </p>
      )}
      {printed.length > 0 && (
        <div class="printed">
          <h3>Printed</h3>
          <CodeBlock code={printed.join("\n")} label="What the program printed" plain />
        </div>
      )}
      {failure && (
        <ErrorBox
          name={failure.name}
          message={failure.message}
          line={failure.line}
          onLine={() => {
            begin();
            editor.current?.goTo(failure.line ?? 1);
          }}
        />
      )}
    </section>
  );
}

export const startEditing = (): void => document.querySelector<HTMLButtonElement>("[data-edit]")?.click();
