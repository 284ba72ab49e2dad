import { useSignal } from "@preact/signals";
import { CodeBlock } from "../../parts/CodeBlock.tsx";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import type { StepData } from "../../sandbox/protocol.ts";

const load = () => import("virtual:rules");

interface Props {
  readonly step: StepData;
  /** For each input: whether a derivative flows to it. */
  readonly flows: readonly boolean[];
  /** Whether the op broadcasts an input. The cotangent of a broadcast input is summed over the repeated axes. */
  readonly isSummed: boolean;
}

/**
 * Shows the code of the VJP rules of a step. If the user's program defines the op, shows the code at once. If the op
 * belongs to the library, loads the code only when the user asks for it, because the page already shows the rules as
 * formulas.
 */
export function RuleCode({ step, flows, isSummed }: Props) {
  const rules = useSignal<readonly string[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  if (!step.known) return <Code rules={step.source ?? []} flows={flows} />;
  const open = () => {
    load().then(
      ({ default: all }) => {
        rules.value = all[step.op] ?? [];
      },
      (problem: unknown) => {
        error.value = problem;
      },
    );
  };
  return (
    <details onToggle={({ currentTarget }) => currentTarget.open && open()}>
      <summary class="small">the rule as code</summary>
      {isSummed && <p class="soft small">The op itself adds the sum over the repeated axes.</p>}
      {rules.value && <Code rules={rules.value} flows={flows} />}
      {error.value !== undefined && (
        <ErrorBox name="LoadError" message={`The code could not be loaded: ${error.value}`} />
      )}
    </details>
  );
}

/**
 * Shows the code of an op's VJP rules. If the op has a rule for each input, omits the rules of inputs that get no
 * cotangent.
 */
function Code({ rules, flows }: { rules: readonly string[]; flows: readonly boolean[] }) {
  const code = rules.filter((rule, k) => rule.includes("=>") && (rules.length !== flows.length || flows[k]));
  if (code.length === 0) return <p class="soft small">The rule is a longer function of the library.</p>;
  return <CodeBlock code={[...new Set(code)].join("\n")} label="The rule as code" />;
}
