import type { ComponentChildren } from "preact";
import { put } from "../../page/address.ts";
import { Paragraph } from "./Sub.tsx";

interface Props {
  readonly question: string;
  /** What the room is set to, to find out. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** The answer. */
  readonly children: ComponentChildren;
}

/** A question, the room set up for it, and its answer for those who have looked. */
export function Try({ question, fields, children }: Props) {
  return (
    <div class="try">
      <p>
        <b>{question}</b>{" "}
        <button type="button" class="button" onClick={() => put(fields, { push: true })}>
          Set it up
        </button>
      </p>
      <details>
        <summary>Answer</summary>
        <Paragraph>{children}</Paragraph>
      </details>
    </div>
  );
}
