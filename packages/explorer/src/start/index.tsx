import "./start.css";
import { stops } from "../page/stops.ts";
import { nextStop, progress } from "../tour/progress.ts";
import { Example } from "./Example.tsx";

/** The start page: a sentence, a running example, and three ways into the explorer. */
export default function Start() {
  const done = stops.filter(({ name }) => progress.value[name]).length;
  const next = nextStop();
  return (
    <div class="start">
      <div class="room-lead">
        <h1>Reverse mode, step by step</h1>
        <p>
          The explorer records your TypeScript function as a list of operations, and shows step by step how reverse mode
          computes its derivatives.
        </p>
      </div>
      <Example />
      <ul class="ways-in">
        <li class="panel">
          <h2>
            <a href={done > 0 && next ? `#/tour/${next}` : "#/tour"}>
              {done > 0 && next ? "Continue the tour" : "Take the tour"}
            </a>
          </h2>
          <p>
            {done > 0
              ? `${done} of ${stops.length} stops finished.`
              : "15 minutes, for one person alone. Twelve stops ask you to predict a number before the page shows it."}{" "}
            The tour covers the rules of a bias, of a matrix product and of softmax.
          </p>
          {done > 0 && next && (
            <p class="small">
              <a href="#/tour">All stops</a>
            </p>
          )}
        </li>
        <li class="panel">
          <h2>
            <a href="#/tape">Play</a>
          </h2>
          <p>Edit a program and step through its list, drag the logits of a softmax, or train a classifier.</p>
          <p class="small">
            <a href="#/tape">Tape</a> <a href="#/softmax">Softmax</a> <a href="#/fit">Fit</a>
          </p>
        </li>
        <li class="panel">
          <h2>
            <a href="./docs/index.html">Read</a>
          </h2>
          <p>The documentation of the library: how it works, every operation with its rule, and how exact it is.</p>
          <p class="small">
            <a href="./docs/how-it-works.html">How it works</a> <a href="./docs/build-your-own.html">Build your own</a>
          </p>
        </li>
      </ul>
    </div>
  );
}
