import "./tour.css";
import { startAtTop } from "../page/keys.ts";
import { stops } from "../page/stops.ts";
import { forget, nextStop, progress } from "./progress.ts";
import { Rich } from "./Rich.tsx";
import { texts } from "./texts.ts";

/** Lists the stops of the tour and shows which of them the reader has finished. */
export default function Overview() {
  const done = stops.filter(({ name }) => progress.value[name]).length;
  const next = nextStop();
  return (
    <div class="tour-overview">
      <div class="room-lead">
        <h1>The tour</h1>
        <p>
          Twelve stops, about 15 minutes. You need derivatives and the chain rule, and no knowledge of automatic
          differentiation. Each stop asks you to predict something before the page shows it.
        </p>
      </div>
      <p class="tour-start">
        <a class="button primary" href={`#/tour/${next ?? stops[0]!.name}`}>
          {done === 0 ? "Start" : next ? "Continue" : "Start again"}
        </a>
        <span class="small soft">
          {done} of {stops.length} finished
        </span>
        {done > 0 && (
          <button type="button" class="button quiet" onClick={forget}>
            Forget my progress
          </button>
        )}
      </p>
      {!next && (
        <div class="panel tour-end">
          <h2>You have finished the tour</h2>
          <p>
            You can now explain why a bias gets a sum, and why the rule of softmax is a mean, a difference and a
            product. These pages continue from here:
          </p>
          <ul>
            <li>
              <a href="#/tape?example=exercise-1">Ten exercises</a>, with checks and hints for each answer
            </li>
            <li>
              <a href="#/tape?example=attention">Attention</a>: the same rules in a larger list
            </li>
            <li>
              <a href="#/softmax?part=digits">Lost digits</a>: why a correct formula can give wrong numbers
            </li>
            <li>
              <a href="./docs/softmax.html">Softmax and its pullback</a>: the proofs of the rule
            </li>
            <li>
              <a href="#/fit?data=digits">Handwritten digits</a>: train a classifier, then draw a digit
            </li>
          </ul>
        </div>
      )}
      <ol class="tour-list panel">
        {texts.map(({ name, title, question }) => (
          <li key={name}>
            <a href={`#/tour/${name}`} onClick={startAtTop}>
              {title}
            </a>
            {progress.value[name] && <span class="tick small"> ✓ finished</span>}
            <p class="small soft">
              <Rich>{question}</Rich>
            </p>
          </li>
        ))}
      </ol>
      <p class="small soft">
        Your answers stay in this browser. Teachers find the same questions in the docs, under Teaching.
      </p>
    </div>
  );
}
