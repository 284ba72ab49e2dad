import { useEffect, useRef, useState } from "preact/hooks";

export interface Axis {
  readonly label: string;
  /**
   * The two ends of a plot's axis. The first end may be the larger number. With a logarithmic scale (`isLog`), both
   * ends are positive.
   */
  readonly range: readonly [number, number];
  readonly ticks: readonly number[];
  readonly isLog?: boolean;
  readonly format?: (x: number) => string;
}

export interface Line {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly color: string;
  readonly width?: number;
  readonly dash?: string;
  /** Whether to draw the points of a line plot as circles instead of a line. */
  readonly isDots?: boolean;
  /**
   * The label at the end of a plot's line, which is shown if the plot has space. `lower` shifts the label down by a
   * number of pixels.
   */
  readonly name?: string;
  readonly lower?: number;
}

interface Props {
  /** A description for screen readers. */
  readonly label: string;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** The x coordinate of a vertical line that marks the current value in a plot. */
  readonly mark?: number | undefined;
}

const margin = { top: 24, bottom: 42, left: 52, right: 16 };
const forNames = 150;
const isWide = (width: number): boolean => width > 480;

/**
 * Draws a small line plot, without a plot library, because a library would add a fifth to the size of the page's first
 * load.
 */
export function Lines({ label, height, x, y, lines, mark }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(() => setWidth(box.current!.clientWidth));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const named = isWide(width) && lines.some(({ name }) => name);
  const [left, right] = [margin.left, width - (named ? forNames : margin.right)];
  const [top, bottom] = [margin.top, height - margin.bottom];
  const across = (value: number): number => left + share(x, value) * (right - left);
  const up = (value: number): number => bottom - share(y, value) * (bottom - top);
  const write = (axis: Axis, value: number): string => axis.format?.(value) ?? String(value).replace("-", "−");
  return (
    <div ref={box} class="lines" role="img" aria-label={label} style={{ height: `${height}px` }}>
      {width > 0 && (
        <svg width={width} height={height} aria-hidden="true">
          <text x={0} y={11} class="axis-name">
            {y.label}
          </text>
          <text x={(left + right) / 2} y={height - 4} class="axis-name" text-anchor="middle">
            {x.label}
          </text>
          {y.ticks.map((each) => (
            <g key={each}>
              <path class="grid" d={`M${left} ${up(each)}H${right}`} />
              <text x={left - 8} y={up(each)} dy="0.33em" text-anchor="end">
                {write(y, each)}
              </text>
            </g>
          ))}
          {x.ticks.map((each) => (
            <g key={each}>
              <path class="tick" d={`M${across(each)} ${bottom}v5`} />
              <text x={across(each)} y={bottom + 18} text-anchor="middle">
                {write(x, each)}
              </text>
            </g>
          ))}
          {mark !== undefined && <path class="mark" d={`M${across(mark)} ${top}V${bottom}`} />}
          {lines.map((line, i) => (
            <OneLine key={i} line={line} place={([a, b]) => [across(a), up(b)]} isNamed={named} />
          ))}
        </svg>
      )}
    </div>
  );
}

interface OfOne {
  readonly line: Line;
  readonly place: (point: readonly [number, number]) => readonly [number, number];
  readonly isNamed: boolean;
}

function OneLine({ line, place, isNamed }: OfOne) {
  const { points, color, width = 2, dash, isDots, name, lower = 0 } = line;
  const placed = points.map(place);
  const end = placed.at(-1);
  return (
    <>
      {isDots ? (
        placed.map(([x, y], i) => (
          <circle key={i} cx={x} cy={y} r={3} fill="var(--surface)" stroke={color} stroke-width={1.5} />
        ))
      ) : (
        <polyline
          points={placed.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")}
          fill="none"
          stroke={color}
          stroke-width={width}
          stroke-dasharray={dash}
          stroke-linejoin="round"
        />
      )}
      {isNamed && name && end && (
        <text x={end[0] + 8} y={end[1] + lower} dy="0.33em" fill={color} class="line-name">
          {name}
        </text>
      )}
    </>
  );
}

/** Returns the position of a number along an axis, from 0 to 1. */
function share({ range: [from, to], isLog = false }: Axis, value: number): number {
  const scale = (each: number): number => (isLog ? Math.log(each) : each);
  return (scale(value) - scale(from)) / (scale(to) - scale(from));
}
