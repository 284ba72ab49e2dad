import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isEmbedded } from "../../page/address.ts";
import type { BufferData, Planned } from "../../sandbox/protocol.ts";
import { isBufferPointed, pointedBuffer, pointedRow } from "./planRows.ts";

/** The height of the picture in px. An embedded page has less space. */
const heightOfPicture = (): number => (isEmbedded.value ? 180 : 240);

const labelHeight = 12; // in px
const padding = 64; // the unused bytes behind each buffer

/**
 * Draws the memory of a plan: each buffer is a box from its first to its last instruction, at its address. A single box
 * takes the focus with the tab key; arrow keys move to the other boxes.
 */
export function Buffers({ plan: { buffers, buffersLeft, instructions, bytes } }: { plan: Planned }) {
  const box = useRef<HTMLDivElement>(null);
  const current = useSignal(0);
  if (buffers.length === 0 || bytes === 0) return null;
  const height = heightOfPicture();
  const shown = buffers.find(isBufferPointed);
  const focused = Math.min(current.value, buffers.length - 1);
  const leave = () => (pointedBuffer.value = undefined);
  const press = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    current.value = Math.min(Math.max(focused + by, 0), buffers.length - 1);
    box.current!.querySelectorAll<HTMLElement>("button")[current.value]?.focus();
  };
  const count = instructions.length;
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((each) => count / each <= 12) ?? 1000;
  const ticks = Array.from({ length: count }, (_, i) => i + 1).filter((i) => i === 1 || i % every === 0);
  const share = (part: number, of: number) => `${(100 * part) / of}%`;
  return (
    <figure class="buffers">
      <figcaption class="soft small">
        Each box is the memory of a tensor. It starts at the first instruction that needs the tensor and ends at the
        last. Boxes at the same height use the same memory, one after the other.
        {buffersLeft > 0 &&
          ` The picture shows the largest ${buffers.length.toLocaleString("en")} boxes of ${(buffers.length + buffersLeft).toLocaleString("en")}.`}
      </figcaption>
      <p class="axis-title small soft" aria-hidden="true">
        address in bytes
      </p>
      <div class="memory-map" style={{ "--height": `${height}px` }}>
        <span class="axis numbers" aria-hidden="true">
          <span>{bytes.toLocaleString("en")}</span>
          <span>0</span>
        </span>
        <div
          ref={box}
          class="boxes"
          role="toolbar"
          aria-label={`${buffers.length} buffers in ${bytes.toLocaleString("en")} bytes. Arrow keys move between them`}
          data-takes-arrows
          onKeyDown={press}
          onPointerLeave={leave}
        >
          {buffers.map((buffer, i) => {
            const { address, bytes: size, first, last, kind, isResult, names } = buffer;
            return (
              <button
                key={i}
                type="button"
                class={`buffer ${kind}${isResult ? " result" : ""}${isBufferPointed(buffer) ? " linked" : ""}`}
                tabIndex={i === focused ? 0 : -1}
                aria-label={wordsOf(buffer)}
                style={{
                  left: share(first, count),
                  width: share(last - first + 1, count),
                  bottom: share(address, bytes),
                  height: share(size, bytes),
                }}
                onFocus={() => {
                  [current.value, pointedBuffer.value] = [i, buffer];
                }}
                onBlur={leave}
                onPointerEnter={() => (pointedBuffer.value = buffer)}
                onClick={(event) => event.currentTarget.focus()}
              >
                {size * height >= labelHeight * bytes ? (
                  names[0]
                ) : padding * height >= labelHeight * bytes ? (
                  <span class="above">{names[0]}</span>
                ) : null}
              </button>
            );
          })}
        </div>
        <span class="axis numbers" aria-hidden="true">
          {ticks.map((i) => (
            <span key={i} style={{ left: share(i - 0.5, count) }}>
              {i}
            </span>
          ))}
        </span>
      </div>
      <p class="axis-title below small soft" aria-hidden="true">
        instruction
      </p>
      <p class="buffer-words small numbers">
        {shown ? (
          wordsOf(shown)
        ) : pointedRow.value ? (
          "No buffer holds this tensor."
        ) : (
          <span class="soft">Point at a box, or at a step of the list, to see which memory the step uses.</span>
        )}
      </p>
      <ul class="buffer-kinds small">
        {kinds
          .filter(([kind]) => buffers.some((each) => each.kind === kind))
          .map(([kind, title]) => (
            <li key={kind}>
              <span class={`buffer ${kind}`} aria-hidden="true" />
              {title}
            </li>
          ))}
        <li>
          <span class="buffer result" aria-hidden="true" />
          outputs of the function
        </li>
      </ul>
    </figure>
  );
}

const kinds = [
  ["input", "inputs"],
  ["constant", "constants"],
  ["value", "values"],
  ["cotangent", "cotangents"],
] as const;

/** Describes a buffer in words. */
function wordsOf({ names, address, bytes, first, last, kind, isResult, takesOver }: BufferData): string {
  const held = names.length > 4 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more` : names.join(", ");
  const role = isResult
    ? "an output"
    : kind === "input"
      ? "an input"
      : kind === "constant"
        ? "a constant"
        : `a ${kind}`;
  const when = first === last ? `in instruction ${first + 1}` : `from instruction ${first + 1} to ${last + 1}`;
  const over = takesOver.length > 0 ? ` It takes over the memory of ${takesOver.join(", ")}.` : "";
  return `${held}, ${role}: ${bytes.toLocaleString("en")} bytes at address ${address.toLocaleString("en")}, needed ${when}.${over}`;
}
