import { useSignal, useSignalEffect } from "@preact/signals";
import { type Address, address, put } from "../../house/address.ts";
import { useKeys } from "../../house/keys.ts";
import { unpacked } from "../../house/packed.ts";
import { CodeBlock } from "../../parts/CodeBlock.tsx";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import { HeatMap } from "../../parts/HeatMap.tsx";
import { shapeText } from "../../parts/numbers.ts";
import { Slider } from "../../parts/Slider.tsx";
import type { Outcome } from "../../sandbox/protocol.ts";
import { Sandbox } from "../../sandbox/sandbox.ts";
import { examples } from "./examples.ts";

const sandbox = new Sandbox();

const exampleOf = ({ fields }: Address) => examples.find(({ name }) => name === fields.example) ?? examples[0]!;
const programOf = (at: Address): string => unpacked(at.fields.code ?? "") || exampleOf(at).code;

export default function TapeRoom() {
  const { fields } = address.value;
  const example = exampleOf(address.value);
  const outcome = useSignal<Outcome | undefined>(undefined);
  useSignalEffect(() => {
    const code = programOf(address.value);
    void run(code).then((found) => {
      if (found) outcome.value = found;
    });
  });
  const recording = outcome.value?.recordings.at(-1);
  const last = recording ? recording.steps.length - 1 : 0;
  const at = Math.min(Number(fields.at ?? 0) || 0, last);
  const move = (to: number) => put({ at: String(Math.min(Math.max(to, 0), last)) });
  useKeys([
    { key: "ArrowRight", does: "one step on", run: () => move(at + 1) },
    { key: "ArrowLeft", does: "one step back", run: () => move(at - 1) },
  ]);
  const step = recording?.steps[at];
  return (
    <>
      <div class="room-lead">
        <h1>Tape</h1>
        <p>The list of operations that a program performs, one step at a time.</p>
      </div>
      <label>
        Example{" "}
        <select
          class="button"
          value={example.name}
          onChange={({ currentTarget }) =>
            put({ example: currentTarget.value, code: undefined, at: undefined }, { push: true })
          }
        >
          {examples.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <CodeBlock code={programOf(address.value)} label="The program" />
      {outcome.value && outcome.value.printed.length > 0 && (
        <CodeBlock code={outcome.value.printed.join("\n")} label="What the program printed" />
      )}
      {outcome.value?.error && <ErrorBox {...outcome.value.error} />}
      {recording && step && (
        <>
          <Slider label="Step" value={at} min={0} max={last} step={1} text={(i) => `#${i + 1}`} onInput={move} />
          <table>
            <tbody>
              {recording.steps.map(({ op, inputs, output }, i) => (
                <tr key={output} aria-current={i === at ? "step" : undefined}>
                  <th scope="row">#{i + 1}</th>
                  <td class="code">{op}</td>
                  <td class="code">{inputs.map((x) => recording.tensors[x]!.name).join(", ")}</td>
                  <td class="code">{shapeText(recording.tensors[output]!.shape)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <HeatMap of={recording.tensors[step.output]!} name={recording.tensors[step.output]!.name} />
        </>
      )}
    </>
  );
}

async function run(code: string): Promise<Outcome | undefined> {
  const { toJavaScript } = await import("../../sandbox/typescript.ts");
  const { javascript, error } = toJavaScript(code);
  return error ? { recordings: [], printed: [], error } : sandbox.run({ code: javascript });
}
