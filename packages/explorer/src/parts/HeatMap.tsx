import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isDark } from "../page/scheme.ts";
import {
  type ColorMap,
  colorOf,
  colorOfScalar,
  css,
  gradient,
  type Hue,
  inkOn,
  type Scale,
  scaleFor,
} from "./colors.ts";
import { DraggableNumber } from "./DraggableNumber.tsx";
import { aligned, exact, shapeText, short } from "./numbers.ts";
import { useScrolls } from "./scrolls.ts";

/** A tensor to draw: elements in row-major order, shape and dtype. The sandbox's `TensorData` has this type. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: ArrayLike<number>;
  readonly range?: {
    readonly least: number;
    readonly most: number;
    readonly nans: number;
    readonly infinities: number;
  };
}

interface Props {
  readonly of: Numbers;
  /** The caption of the heat map, which screen readers also announce. */
  readonly name: string;
  readonly map?: ColorMap | undefined;
  /**
   * The hue of the color map. Default: the hue of values (blue), or the hue of `scale` if the heat map has a `scale`.
   */
  readonly hue?: Hue | undefined;
  /** The color scale, if the heat map shares one with other heat maps. */
  readonly scale?: Scale | undefined;
  /** Whether to omit the caption and the legend, because another heat map beside this one shows them. */
  readonly bare?: boolean;
  /**
   * Whether to show the color scale and the range of numbers below the heat map. By default, shows them unless `bare`
   * is true.
   */
  readonly legend?: boolean;
  /** The cells to highlight, as indices into `data`. */
  readonly marked?: readonly number[] | undefined;
  readonly onHover?: ((place: number | undefined) => void) | undefined;
  /**
   * The function that is called while the reader drags a number of the table. Its arguments are the index of the
   * element and the new value.
   */
  readonly onChange?: ((element: number, value: number) => void) | undefined;
}

const fewest = { rows: 16, columns: 10 }; // a tensor up to this size is a table of numbers
const maxDrawn = 256; // the maximum number of rows and of columns drawn

/**
 * Shows a tensor as a heat map. A small tensor is a table of numbers. A large tensor is a picture that shows the number
 * under the pointer. Arrow keys move from cell to cell. For tensors with more than two axes, shows one matrix at a
 * time.
 */
export function HeatMap({ of, name, map, hue, scale, bare = false, legend = !bare, marked, onHover, onChange }: Props) {
  const page = useSignal(0);
  const [rows, columns] = [of.shape.length > 1 ? of.shape.at(-2)! : 1, of.shape.at(-1) ?? 1];
  const size = rows * columns;
  const total = of.shape.reduce((product, n) => product * n, 1);
  const pages = size === 0 ? 1 : total / size;
  const current = Math.min(page.value, Math.max(pages - 1, 0));
  const range = of.range ?? rangeOf(of.data);
  const used = scale ?? scaleFor(range, { map, hue });
  const start = current * size;
  const values = Array.prototype.slice.call(of.data, start, start + size) as number[];
  const shown = { rows, columns, values, start, name, scale: used, marked, onHover, isScalar: total === 1 };
  const isTable = rows <= fewest.rows && columns <= fewest.columns;
  return (
    <figure class="heat-map">
      {!bare && (
        <figcaption>
          <span class="code">{name}</span>{" "}
          <span class="soft">
            {shapeText(of.shape)} {of.dtype}
          </span>
        </figcaption>
      )}
      {total === 0 ? (
        <p class="soft small">The tensor has no elements.</p>
      ) : isTable ? (
        <NumberTable {...shown} onChange={onChange} />
      ) : (
        <Picture {...shown} />
      )}
      {pages > 1 && <Pages shape={of.shape.slice(0, -2)} at={current} count={pages} go={(to) => (page.value = to)} />}
      {legend && total > 1 && <Legend scale={used} range={range} />}
    </figure>
  );
}

interface Shown {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
  readonly start: number;
  readonly name: string;
  readonly scale: Scale;
  readonly marked: readonly number[] | undefined;
  readonly onHover: ((place: number | undefined) => void) | undefined;
  /** Whether the tensor has only one number. */
  readonly isScalar: boolean;
}

interface TableProps extends Shown {
  readonly onChange: Props["onChange"];
}

function NumberTable({ rows, columns, values, start, name, scale, marked, onHover, isScalar, onChange }: TableProps) {
  const words = aligned(values);
  const at = (i: number, j: number) => i * columns + j;
  const box = useRef<HTMLDivElement>(null);
  useScrolls(box);
  return (
    <div class="scroll" ref={box}>
      <table class="number-table" aria-label={name}>
        <tbody onMouseLeave={() => onHover?.(undefined)}>
          {Array.from({ length: rows }, (_, i) => (
            <tr key={i}>
              {Array.from({ length: columns }, (_, j) => {
                const k = at(i, j);
                const x = values[k] ?? 0;
                const color = isScalar ? colorOfScalar(x, scale.hue) : colorOf(x, scale);
                return (
                  <td
                    key={j}
                    class={marked?.includes(start + k) ? "marked" : undefined}
                    style={{ background: css(color), color: inkOn(color) }}
                    title={isScalar ? exact(x) : `${exact(x)} at [${rows > 1 ? `${i}, ${j}` : j}]`}
                    onMouseEnter={() => onHover?.(start + k)}
                  >
                    {onChange ? (
                      <DraggableNumber
                        value={x}
                        text={words[k]!}
                        name={isScalar ? name : `${name}[${rows > 1 ? `${i}, ${j}` : j}]`}
                        most={Math.max(...values.map((each) => (Number.isFinite(each) ? Math.abs(each) : 0)))}
                        onChange={(to) => onChange(start + k, to)}
                      />
                    ) : (
                      words[k]
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Picture({ rows, columns, values, start, name, scale, marked, onHover }: Shown) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const place = useSignal<readonly [number, number] | undefined>(undefined);
  const [height, width] = [Math.min(rows, maxDrawn), Math.min(columns, maxDrawn)];
  const [zoomX, zoomY] = zoomOf(width, height);
  const dark = isDark.value;
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(width, height);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        const color = colorOf(values[i * columns + j] ?? Number.NaN, scale);
        image.data.set([...color, 255], 4 * (i * width + j));
      }
    }
    context.putImageData(image, 0, 0);
  }, [values, scale, dark, width, height]);
  const move = (i: number, j: number) => {
    place.value = [Math.min(Math.max(i, 0), height - 1), Math.min(Math.max(j, 0), width - 1)];
    onHover?.(start + place.value[0] * columns + place.value[1]);
  };
  const leave = () => {
    place.value = undefined;
    onHover?.(undefined);
  };
  const steps: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  };
  const here = place.value;
  const clipped = height < rows || width < columns;
  return (
    <div class="picture">
      <div class="scroll">
        <div
          class="canvas-frame"
          role="img"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys read its numbers
          tabIndex={0}
          data-takes-arrows
          aria-label={`${name}: ${rows} by ${columns} numbers; arrow keys read them`}
          onKeyDown={(event) => {
            const step = steps[event.key];
            if (!step) return;
            event.preventDefault();
            const [i, j] = here ?? [-step[0], -step[1]];
            move(i + step[0], j + step[1]);
          }}
          onBlur={leave}
          onMouseLeave={leave}
          onMouseMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            move(
              Math.floor(((event.clientY - box.top) / box.height) * height),
              Math.floor(((event.clientX - box.left) / box.width) * width),
            );
          }}
          style={{ width: `${width * zoomX}px`, height: `${height * zoomY}px` }}
        >
          <canvas ref={canvas} width={width} height={height} />
          {[...(here ? [here] : []), ...placesOf(marked, start, columns, rows)].map(([i, j]) => (
            <span
              key={`${i} ${j}`}
              class="cursor"
              style={{ left: `${j * zoomX}px`, top: `${i * zoomY}px`, width: `${zoomX}px`, height: `${zoomY}px` }}
            />
          ))}
        </div>
      </div>
      <output class="readout code small">
        {here
          ? `[${rows > 1 ? `${here[0]}, ` : ""}${here[1]}]  ${exact(values[here[0] * columns + here[1]] ?? Number.NaN)}`
          : clipped
            ? `only the first ${height} × ${width} are drawn`
            : " "}
      </output>
    </div>
  );
}

/** Returns width and height of a cell in pixels. Cells are square unless one axis is much longer than the other. */
function zoomOf(width: number, height: number): readonly [x: number, y: number] {
  const whole = (zoom: number) => (zoom > 1 ? Math.floor(Math.min(zoom, 20)) : zoom);
  const [x, y] = [whole(320 / width), whole(240 / height)];
  const square = Math.min(x, y);
  return square >= 4 ? [square, square] : [Math.min(x, 4 * square), Math.min(y, 4 * square)];
}

function placesOf(marked: readonly number[] | undefined, start: number, columns: number, rows: number) {
  return (marked ?? [])
    .map((place) => place - start)
    .filter((place) => place >= 0 && place < rows * columns)
    .map((place) => [Math.floor(place / columns), place % columns] as const);
}

interface PagesProps {
  readonly shape: readonly number[];
  readonly at: number;
  readonly count: number;
  readonly go: (page: number) => void;
}

function Pages({ shape, at, count, go }: PagesProps) {
  let rest = at;
  const index = shape.toReversed().map((n) => {
    const i = rest % n;
    rest = Math.floor(rest / n);
    return i;
  });
  return (
    <p class="pages small">
      <button
        type="button"
        class="button quiet"
        aria-label="Previous matrix"
        disabled={at === 0}
        onClick={() => go(at - 1)}
      >
        ‹
      </button>
      <span class="code">[{index.reverse().join(", ")}, :, :]</span>
      <button
        type="button"
        class="button quiet"
        aria-label="Next matrix"
        disabled={at === count - 1}
        onClick={() => go(at + 1)}
      >
        ›
      </button>
    </p>
  );
}

function Legend({ scale, range }: { scale: Scale; range: NonNullable<Numbers["range"]> }) {
  const { nans, infinities } = range;
  return (
    <p class="legend small numbers">
      <span>{short(scale.map === "diverging" ? -scale.most : 0, 3)}</span>
      <span class="bar" style={{ background: gradient(scale) }} />
      <span>{short(scale.most, 3)}</span>
      {range.least <= range.most && (
        <span class="soft">
          range {short(range.least, 3)} … {short(range.most, 3)}
        </span>
      )}
      {nans > 0 && <span class="wrong">{nans} NaN</span>}
      {infinities > 0 && <span class="wrong">{infinities} infinite</span>}
    </p>
  );
}

function rangeOf(values: ArrayLike<number>): NonNullable<Numbers["range"]> {
  let [least, most, nans, infinities] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (Number.isNaN(x)) nans++;
    else if (!Number.isFinite(x)) infinities++;
    else [least, most] = [Math.min(least, x), Math.max(most, x)];
  }
  return { least, most, nans, infinities };
}
