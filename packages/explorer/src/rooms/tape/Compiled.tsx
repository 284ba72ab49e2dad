import "./compiled.css";
import { useRef } from "preact/hooks";
import { address, put } from "../../page/address.ts";
import { ErrorBox } from "../../parts/ErrorBox.tsx";
import { shapeText } from "../../parts/numbers.ts";
import { useScrolls } from "../../parts/scrolls.ts";
import type { Planned, PlanRow } from "../../sandbox/protocol.ts";
import { Buffers } from "./Buffers.tsx";
import { isRowPointed, pointedRow } from "./planRows.ts";
import { order } from "./state.ts";
import type { Timeline } from "./timeline.ts";

/**
 * Shows the plan of a function: the steps that remain after each pass of the compiler, the instructions, and the
 * memory. Steps that a pass has dropped are struck through.
 */
export function Compiled({ of }: { of: Timeline }) {
  const { plan } = of.recording;
  if (!plan) return <p class="soft">Compiling …</p>; // the page still shows the run without the compiler
  if ("failure" in plan)
    return (
      <div class="panel compiled">
        <ErrorBox name={plan.failure.name} message={plan.failure.message} line={plan.failure.line} />
      </div>
    );
  return <Shown plan={plan} />;
}

function Shown({ plan }: { plan: Planned }) {
  const { passes, instructions } = plan;
  const final = passes.length; // after the passes, the last view shows the instructions
  const given = Number(address.value.fields.pass ?? final);
  const pass = Number.isInteger(given) && given >= 0 && given <= final ? given : final;
  const shown = Math.min(pass, passes.length - 1);
  const titles = [...passes.map(([name]) => name), "instructions"];
  const gone = plan.rows.filter(({ dropped }) => dropped !== undefined && dropped <= shown).length;
  return (
    <section class="panel compiled" aria-labelledby="compiled-title" data-figure="The compiled list">
      <h2 id="compiled-title">The compiled list</h2>
      <p class="soft small">
        <code>compile</code> traces the function, which gives the steps that its value needs. Passes then shorten this
        list without changing a number. The remaining steps become loops and calls of kernels.
      </p>
      <div class="passes">
        <fieldset class="choice">
          <legend class="unseen">After the pass</legend>
          {titles.map((title, i) => (
            <button
              key={title}
              type="button"
              aria-pressed={pass === i}
              onClick={() => put({ pass: i === final ? undefined : String(i) })}
            >
              {title} <span class="numbers soft">{i < passes.length ? passes[i]![1] : instructions.length}</span>
            </button>
          ))}
        </fieldset>
      </div>
      <p class="pass-note small" aria-live="polite">
        {noteOf(titles[pass]!, plan, pass, gone)}
      </p>
      <Steps plan={plan} shown={shown} withInstructions={pass === final} />
      {pass === final && <Instructions plan={plan} />}
      <Memory plan={plan} withBuffers={pass === final} />
    </section>
  );
}

const does: Readonly<Record<string, string>> = {
  traced: "The steps as they were recorded, with shapes but without values.",
  "dead steps": "Drops the steps that no output needs.",
  "constant steps": "Computes the steps that depend on constants alone.",
  identities: "Replaces x · 1, x / 1 and the only alias of x by x.",
  "duplicate steps": "Computes steps with equal ops, params and inputs once.",
};

function noteOf(title: string, { passes, instructions, rows }: Planned, pass: number, gone: number): string {
  if (pass === passes.length) {
    const views = rows.filter(({ isView }) => isView).length;
    const ofViews =
      views === 0
        ? ""
        : ` ${count(views, "step")} ${views === 1 ? "returns a view of its input" : "return views of their inputs"} without work.`;
    return `${count(passes.at(-1)![1], "step")} become ${count(instructions.length, "instruction")}.${ofViews}`;
  }
  const own = pass === 0 ? 0 : passes[pass - 1]![1] - passes[pass]![1];
  const hint = gone === 0 && pass === passes.length - 1 && order.value === 1 ? " The tape of ∇f has more to drop." : "";
  return `${does[title] ?? ""}${pass === 0 ? "" : own === 0 ? " Here: none." : ` Here: ${own}.`}${hint}`;
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;

interface StepsProps {
  readonly plan: Planned;
  /** The index of a pass of the compiler. The table shows the steps that remain after this pass. */
  readonly shown: number;
  readonly withInstructions: boolean;
}

function Steps({ plan, shown, withInstructions }: StepsProps) {
  const { rows, inputs, outputs, instructions, left } = plan;
  const isKnown = rows.some(({ instruction }) => instruction !== undefined);
  const box = useRef<HTMLDivElement>(null);
  useScrolls(box);
  return (
    <div class="scroll" ref={box}>
      <table class="plan-list" aria-label="The steps of the compiled list">
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">number</span>
            </th>
            <th scope="col">op</th>
            <th scope="col">inputs</th>
            <th scope="col">shape</th>
            <th scope="col">{withInstructions && isKnown ? "computed by" : "dropped by"}</th>
          </tr>
        </thead>
        <tbody>
          {inputs.map(({ name, shape }, i) => (
            <tr
              key={`${i} ${name}`}
              class={isRowPointed({ isInput: true, place: i }) ? "pointed" : undefined}
              {...pointsAt(true, i)}
            >
              <td />
              <th scope="row" class="code">
                {name}
              </th>
              <td />
              <td class="code soft">{shapeText(shape)}</td>
              <td />
            </tr>
          ))}
          {rows.map((row, place) => {
            const isGone = row.dropped !== undefined && row.dropped <= shown;
            const classes = `${isGone ? "gone" : ""}${isRowPointed({ isInput: false, place }) ? " pointed" : ""}`;
            return (
              <tr key={row.number} class={classes || undefined} {...pointsAt(false, place)}>
                <td class="numbers soft">{row.number}</td>
                <th scope="row" class="code">
                  {isGone ? (
                    <del>
                      {row.op} <span class="unseen">dropped</span>
                    </del>
                  ) : (
                    row.op
                  )}
                  {row.params && !isGone && <span class="soft"> {row.params}</span>}
                </th>
                <td class="code soft">{row.inputs[shown] || row.inputs[Math.max(0, (row.dropped ?? 1) - 1)]}</td>
                <td class="code soft">{shapeText(row.shape)}</td>
                <td class="small">
                  {isGone ? plan.passes[row.dropped]![0] : withInstructions && isKnown && madeBy(row, instructions)}
                </td>
              </tr>
            );
          })}
          {left > 0 && (
            <tr>
              <td colSpan={5} class="soft small">
                and {left} more steps
              </td>
            </tr>
          )}
          <tr>
            <td colSpan={5} class="code soft">
              returns {outputs[shown]}
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** Returns event handlers that highlight the memory of a tensor while the pointer is on the tensor's table row. */
const pointsAt = (isInput: boolean, place: number) => ({
  onPointerEnter: () => (pointedRow.value = { isInput, place }),
  onPointerLeave: () => (pointedRow.value = undefined),
});

/** Returns the name of the instruction that computes a step, such as `2 loop`. */
function madeBy({ instruction, isView }: PlanRow, instructions: readonly string[]) {
  if (isView) return <span class="soft">a view</span>;
  if (instruction === undefined) return null;
  return (
    <span class={`made-by ${kindOf(instructions[instruction]!)}`}>
      <span class="numbers">{instruction + 1}</span> {nameOf(instructions[instruction]!)}
    </span>
  );
}

const kindOf = (text: string): string => text.split(" ")[0]!;
const nameOf = (text: string): string => (kindOf(text) === "loop" ? "loop" : text);

function Instructions({ plan: { instructions } }: { plan: Planned }) {
  return (
    <>
      <h3>The instructions</h3>
      <ol class="instructions code small">
        {instructions.map((text, i) => (
          <li key={i} class={kindOf(text)}>
            {text}
          </li>
        ))}
      </ol>
    </>
  );
}

/** Compares the memory of the plan with the memory that the tensors need without a plan. */
function Memory({ plan, withBuffers }: { plan: Planned; withBuffers: boolean }) {
  const { bytes, scratchBytes, apart } = plan;
  const most = Math.max(bytes, apart, 1);
  const bars = [
    ["all tensors of the list, each by itself", apart, "apart"],
    ["the plan", bytes, "planned"],
  ] as const;
  return (
    <div class="of-memory">
      <h3>The memory</h3>
      {withBuffers && <Buffers plan={plan} />}
      <dl class="memory small">
        {bars.map(([name, size, kind]) => (
          <div key={kind}>
            <dt>{name}</dt>
            <dd>
              <span class={`bar ${kind}`} style={{ "--share": size / most }} aria-hidden="true" />
              <span class="numbers">{size.toLocaleString("en")} bytes</span>
            </dd>
          </div>
        ))}
      </dl>
      <p class="soft small">
        In a plan, tensors that are not needed at the same time share memory, and a loop keeps intermediate results in
        registers. Each tensor has 64 unused bytes behind it, because kernels read whole vectors
        {scratchBytes > 0 && `. The kernels need ${scratchBytes.toLocaleString("en")} more bytes while they run`}.
      </p>
    </div>
  );
}
