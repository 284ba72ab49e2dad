import type { PlotOptions } from "@observablehq/plot";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { address, put } from "../../house/address.ts";
import { Plot } from "../../parts/Plot.tsx";
import { Slider } from "../../parts/Slider.tsx";
import type { Fitted } from "./worker.ts";

export default function FitRoom() {
  const exponent = Number(address.value.fields.rate ?? "-0.5") || 0;
  const fitted = useSignal<Fitted | undefined>(undefined);
  useEffect(() => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Fitted>) => {
      fitted.value = data;
    };
    worker.postMessage(10 ** exponent);
    return () => worker.terminate();
  }, [exponent]);
  const losses = fitted.value?.losses;
  const options = useMemo(
    () =>
      (plot: typeof import("@observablehq/plot")): PlotOptions => ({
        height: 260,
        x: { label: "step" },
        y: { label: "cross-entropy", grid: true, zero: true },
        marks: [plot.lineY(losses ?? [], { x: (_, i) => i, y: (loss) => loss, stroke: "var(--forward)" })],
      }),
    [losses],
  );
  return (
    <>
      <div class="room-lead">
        <h1>Fit</h1>
        <p>Two clouds of points told apart by softmax regression, by plain gradient descent.</p>
      </div>
      <Slider
        label="Learning rate"
        value={exponent}
        min={-2}
        max={1}
        step={0.1}
        text={(value) => (10 ** value).toPrecision(2)}
        onInput={(value) => put({ rate: value.toFixed(1) })}
      />
      <Plot label="The loss at each step" options={options} />
    </>
  );
}
