import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { put } from "../../page/address.ts";
import { short } from "../../parts/numbers.ts";
import { Choice } from "./Choice.tsx";
import { colorOfClass, shapes } from "./colors.ts";
import { isHeldOut } from "./data/dataset.ts";
import { letters, maxPoints, onRaster, type Point } from "./data/points.ts";
import { Field } from "./Field.tsx";
import { report } from "./fit.ts";
import { fieldAt, reach } from "./grid.ts";

import { held, preset, view, views } from "./settings.ts";
import { changePoints, movePoints, points } from "./sources.ts";
import { percent } from "./words.ts";

const unit = 100; // SVG units per unit of the plane
const near = 0.16; // the distance at which the pointer hits a point, in units of the plane
const stride = { arrow: 0.1, withShift: 0.01 } as const;

const toX = (x: number): number => (x + reach) * unit;
const toY = (y: number): number => (reach - y) * unit;

/**
 * Shows the data points in the plane. The user edits points with the pointer, or with a crosshair that arrow keys move.
 */
export function Board() {
  const k = useSignal(0);
  const erases = useSignal(false);
  const chosen = useSignal<number | undefined>(undefined);
  const cross = useSignal<{ readonly x: number; readonly y: number } | undefined>(undefined);
  const carried = useSignal<number | undefined>(undefined); // the index of the point that the arrow keys move
  const here = useSignal<{ readonly x: number; readonly y: number } | undefined>(undefined); // the position of the pointer
  const said = useSignal("");
  const dragged = useRef<{ readonly point: number; moved: boolean } | undefined>(undefined);
  const plane = useRef<SVGSVGElement>(null);
  const all = points.value;

  const placeOf = (event: PointerEvent) => {
    const box = plane.current!.getBoundingClientRect();
    return onRaster({
      x: ((event.clientX - box.left) / box.width) * 2 * reach - reach,
      y: reach - ((event.clientY - box.top) / box.height) * 2 * reach,
      k: k.peek(),
    });
  };
  const add = (point: Point) => {
    if (all.length >= maxPoints) {
      said.value = `There are already ${maxPoints} points, the maximum. Delete some first.`;
      return;
    }
    changePoints([...all, point]);
    chosen.value = all.length;
    said.value = `Point of class ${letters[point.k]} added at ${textOf(point)}.`;
  };
  const erase = (i: number) => {
    changePoints(all.filter((_, each) => each !== i));
    [chosen.value, carried.value] = [undefined, undefined];
    said.value = `Point of class ${letters[all[i]!.k]} deleted, ${all.length - 1} left.`;
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    cross.value = undefined;
    const place = placeOf(event);
    const found = nearest(all, place, event.pointerType === "touch" ? 2 * near : near);
    if (erases.peek() || event.altKey) {
      if (found !== undefined) erase(found);
      return;
    }
    if (found === undefined) {
      add(place);
      dragged.current = { point: all.length, moved: false };
    } else {
      chosen.value = found;
      said.value = `Point ${found + 1}, class ${letters[all[found]!.k]}, at ${textOf(all[found]!)}.`;
      dragged.current = { point: found, moved: false };
    }
    plane.current!.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    here.value = placeOf(event);
    const drag = dragged.current;
    if (!drag) return;
    const { x, y } = placeOf(event);
    const now = points.peek();
    const point = now[drag.point];
    if (!point || (point.x === x && point.y === y)) return;
    drag.moved = true;
    movePoints(now.with(drag.point, { ...point, x, y }));
  };
  const up = () => {
    const drag = dragged.current;
    dragged.current = undefined;
    if (!drag?.moved) return;
    changePoints(points.peek());
    said.value = `Point moved to ${textOf(points.peek()[drag.point]!)}.`;
  };
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey) return;
    here.value = undefined;
    const place = cross.peek() ?? { x: 0, y: 0 };
    const step = event.shiftKey ? stride.withShift : stride.arrow;
    const by = arrows[event.key];
    if (by) {
      const to = onRaster({ x: place.x + by[0] * step, y: place.y + by[1] * step, k: 0 });
      cross.value = to;
      const point = carried.peek();
      if (point !== undefined) movePoints(points.peek().with(point, { ...points.peek()[point]!, x: to.x, y: to.y }));
      const under = nearest(points.peek(), to, near);
      const onPoint = under === undefined ? "" : `, on a point of class ${letters[points.peek()[under]!.k]}`;
      said.value = `${textOf(to)}${onPoint}${guessAt(to)}`;
    } else if (event.key === "Enter" || event.key === " ") {
      const under = nearest(points.peek(), place, near);
      if (carried.peek() !== undefined) {
        changePoints(points.peek());
        carried.value = undefined;
        said.value = `Put down at ${textOf(place)}.`;
      } else if (under === undefined) add(onRaster({ ...place, k: k.peek() }));
      else {
        [carried.value, chosen.value] = [under, under];
        cross.value = points.peek()[under];
        said.value = `Point of class ${letters[points.peek()[under]!.k]} picked up: arrows move it, Enter puts it down.`;
      }
    } else if (event.key === "Delete" || event.key === "Backspace") {
      const under = cross.peek() ? nearest(points.peek(), place, near) : chosen.peek();
      if (under !== undefined && under < points.peek().length) erase(under);
    } else if (event.key === "Escape" && carried.peek() !== undefined) {
      changePoints(points.peek());
      carried.value = undefined;
    } else if (event.key === "[" || event.key === "]") {
      const count = points.peek().length;
      if (count === 0) return;
      const next = ((chosen.peek() ?? (event.key === "]" ? -1 : 0)) + (event.key === "]" ? 1 : -1) + count) % count;
      chosen.value = next;
      cross.value = points.peek()[next];
      said.value = `Point ${next + 1} of ${count}, class ${letters[points.peek()[next]!.k]}, at ${textOf(points.peek()[next]!)}.`;
    } else {
      const letter = letters.findIndex((each) => each.toLowerCase() === event.key);
      if (letter < 0) return;
      k.value = letter;
      said.value = `New points get class ${letters[letter]}.`;
    }
    event.preventDefault();
  };
  return (
    <section class="panel board" aria-labelledby="board-title" data-figure="The plane">
      <header class="head">
        <h2 id="board-title">The plane</h2>
        <Choice
          label="Background"
          options={views}
          value={view.value}
          onChoose={(name) => put({ view: name === "regions" ? undefined : name }, { push: true })}
        />
      </header>
      <div class="brushes">
        <fieldset class="choice">
          <legend class="unseen">Class of new points</legend>
          {letters.map((letter, i) => (
            <button
              key={letter}
              type="button"
              aria-pressed={k.value === i && !erases.value}
              aria-label={`Class ${letter}`}
              onClick={() => {
                [k.value, erases.value] = [i, false];
              }}
            >
              <svg viewBox="-9 -9 18 18" width="14" height="14" aria-hidden="true">
                <path d={shapes[i]} fill={colorOfClass(i)} />
              </svg>
              <span aria-hidden="true">{letter}</span>
            </button>
          ))}
          <button type="button" aria-pressed={erases.value} onClick={() => (erases.value = !erases.peek())}>
            Erase
          </button>
        </fieldset>
      </div>
      <div
        class={erases.value ? "plane erases" : "plane"}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it handles keys
        tabIndex={0}
        data-takes-arrows
        aria-label="The plane"
        aria-describedby="board-help"
        onKeyDown={press}
        onFocus={(event) => {
          if (event.currentTarget.matches(":focus-visible") && !cross.peek()) cross.value = { x: 0, y: 0 };
        }}
        onBlur={() => {
          cross.value = undefined;
          if (carried.peek() !== undefined) changePoints(points.peek());
          carried.value = undefined;
        }}
      >
        <Field />
        <svg
          ref={plane}
          viewBox={`0 0 ${2 * reach * unit} ${2 * reach * unit}`}
          aria-hidden="true"
          onPointerDown={down}
          onPointerMove={move}
          onPointerUp={up}
          onPointerCancel={up}
          onPointerLeave={() => (here.value = undefined)}
        >
          <Axes />
          <Marks all={all} chosen={chosen.value} />
          {cross.value && (
            <path
              class="cross"
              d={`M${toX(cross.value.x)} ${toY(cross.value.y)}m-16 0h10m12 0h10m-16-16v10m0 12v10`}
              style={{ stroke: carried.value === undefined ? "var(--ink)" : colorOfClass(all[carried.value]?.k ?? 0) }}
            />
          )}
        </svg>
      </div>
      <Reading at={here.value ?? cross.value} />
      {preset.value === "penguins" && (
        <p class="small soft">
          Palmer penguins, x: length of the beak, y: its depth, in standard deviations from the mean. A: Adelie, B:
          Chinstrap, C: Gentoo.
        </p>
      )}
      <p id="board-help" class="small soft">
        Click to add a point, drag to move one. With keys: arrows move the cross, <kbd>Enter</kbd> adds a point or picks
        one up, <kbd>Del</kbd> deletes, <kbd>a</kbd> … <kbd>f</kbd> choose the class, <kbd>[</kbd> <kbd>]</kbd> move
        between points. {held.value > 0 && "Hollow points are held out."}
      </p>
      <output class="unseen">{said.value}</output>
    </section>
  );
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

const textOf = ({ x, y }: { readonly x: number; readonly y: number }): string => `${short(x)}, ${short(y)}`;

function nearest(
  all: readonly Point[],
  to: { readonly x: number; readonly y: number },
  within: number,
): number | undefined {
  let [best, least] = [undefined as number | undefined, within];
  all.forEach(({ x, y }, i) => {
    const distance = Math.hypot(x - to.x, y - to.y);
    if (distance <= least) [best, least] = [i, distance];
  });
  return best;
}

/** Names the predicted class at a position of the plane, for screen readers. */
function guessAt({ x, y }: { readonly x: number; readonly y: number }): string {
  const field = report.peek()?.field;
  if (!field) return "";
  const shares = fieldAt(field, x, y);
  const most = Math.max(...shares);
  return `; the model predicts ${letters[shares.indexOf(most)]}, ${percent(most)}`;
}

/** Shows the class probabilities at a position of the plane. */
function Reading({ at }: { at: { readonly x: number; readonly y: number } | undefined }) {
  const field = report.value?.field;
  const shares = at && field ? fieldAt(field, at.x, at.y) : [];
  return (
    <p class="reading small numbers">
      {at ? (
        <>
          <span class="code">{textOf(at)}</span>
          {shares.map((share, k) => (
            <span key={letters[k]}>
              <svg viewBox="-9 -9 18 18" width="12" height="12" aria-hidden="true">
                <path d={shapes[k]} fill={colorOfClass(k)} />
              </svg>{" "}
              {letters[k]} {percent(share)}
            </span>
          ))}
        </>
      ) : (
        <span class="soft">Hover anywhere to see the class probabilities there.</span>
      )}
    </p>
  );
}

function Axes() {
  const lines = [-2, -1, 0, 1, 2];
  return (
    <g class="axes">
      {lines.map((at) => (
        <path key={at} class={at === 0 ? "zero" : undefined} d={`M${toX(at)} 0V600M0 ${toY(at)}H600`} />
      ))}
      {lines.map((at) => (
        <g key={at}>
          <text x={toX(at)} y={594} text-anchor="middle">
            {short(at)}
          </text>
          <text x={6} y={toY(at) + 4}>
            {short(at)}
          </text>
        </g>
      ))}
    </g>
  );
}

function Marks({ all, chosen }: { all: readonly Point[]; chosen: number | undefined }) {
  const share = held.value / 100;
  return (
    <g class="marks">
      {all.map(({ x, y, k }, i) => (
        <g key={i} transform={`translate(${toX(x)} ${toY(y)})`}>
          <path
            d={shapes[k]}
            class={`${isHeldOut(i, share) ? "held" : ""}${i === chosen ? " chosen" : ""}`}
            style={{ "--class": colorOfClass(k) }}
          />
        </g>
      ))}
    </g>
  );
}
