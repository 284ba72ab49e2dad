import type { ComponentChildren } from "preact";
import { put } from "../../page/address.ts";
import { Paragraph } from "../../parts/Sub.tsx";

interface Props {
  readonly question: string;
  /** The URL parameters with which the page shows the example of the question. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  /** The answer. */
  readonly children: ComponentChildren;
}

/**
 * Shows a question, a button that sets the page to the example of the question, and an answer that is hidden at first.
 */
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
