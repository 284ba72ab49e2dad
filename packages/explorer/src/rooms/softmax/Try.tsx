import type { ComponentChildren } from "preact";
import { put } from "../../page/address.ts";
import { Paragraph } from "../../parts/Sub.tsx";

interface Props {
  readonly question: string;
  /** The URL parameters that show the question's example in the controls. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** The answer. */
  readonly children: ComponentChildren;
}

/** A question, a button that sets the controls for it, and a hidden answer to unfold. */
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
