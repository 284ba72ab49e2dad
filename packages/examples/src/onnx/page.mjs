// Classifies digits with ONNX Runtime and the exported network. The page contains ONNX Runtime and the network,
// compressed with gzip and encoded in base64.

const side = 28;
const pixels = side * side;
const find = (id) => document.getElementById(id);

/**
 * Returns the bytes of a file that an element of the page contains, as gzip in base64. `id` is the id of the element.
 */
async function contentOf(id) {
  const bytes = Uint8Array.from(atob(find(id).textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const runtime = new Blob([await contentOf("runtime")], { type: "text/javascript" });
const ort = await import(URL.createObjectURL(runtime));
ort.env.wasm.wasmBinary = await contentOf("wasm");
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(await contentOf("model"));

/** Returns the ten probabilities of each image. `images` has 784 numbers between 0 and 1 for each image. */
async function classify(images) {
  const input = new ort.Tensor("float32", images, [images.length / pixels, pixels]);
  const { output } = await session.run({ images: input });
  const [rows, classes] = output.dims;
  return Array.from({ length: rows }, (_, i) => softmax(output.data.subarray(i * classes, (i + 1) * classes)));
}

function softmax(scores) {
  const largest = Math.max(...scores);
  const weights = Array.from(scores, (score) => Math.exp(score - largest));
  const total = weights.reduce((sum, weight) => sum + weight);
  return weights.map((weight) => weight / total);
}

const largestOf = (list) => list.indexOf(Math.max(...list));
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** Draws an image of 28 × 28 numbers between 0 and 1 on a canvas. */
function drawImage(canvas, image) {
  const small = new OffscreenCanvas(side, side);
  const data = new ImageData(side, side);
  for (const [i, ink] of image.entries()) data.data[4 * i + 3] = Math.round(255 * ink);
  small.getContext("2d").putImageData(data, 0, 0);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

const pad = find("pad");
const brush = pad.getContext("2d", { willReadFrequently: true });

/**
 * Returns the drawing as the data set shows digits: scaled to a box of 20 × 20 pixels, with the center of its ink at the
 * center of 28 × 28 pixels. Returns undefined if the pad is empty.
 */
function drawnImage() {
  const { data } = brush.getImageData(0, 0, pad.width, pad.height);
  const dots = [];
  for (let y = 0; y < pad.height; y++)
    for (let x = 0; x < pad.width; x++) {
      const ink = data[4 * (y * pad.width + x) + 3] / 255;
      if (ink > 0) dots.push({ x, y, ink });
    }
  if (dots.length === 0) return undefined;
  const extent = (values) =>
    values.reduce((most, x) => Math.max(most, x), 0) - values.reduce((least, x) => Math.min(least, x), pad.width) + 1;
  const scale = Math.min(20 / extent(dots.map(({ x }) => x)), 20 / extent(dots.map(({ y }) => y)), 0.5);
  const total = dots.reduce((sum, { ink }) => sum + ink, 0);
  const center = {
    x: dots.reduce((sum, { x, ink }) => sum + x * ink, 0) / total,
    y: dots.reduce((sum, { y, ink }) => sum + y * ink, 0) / total,
  };
  const image = new Float32Array(pixels);
  for (const { x, y, ink } of dots) {
    const column = Math.floor((x - center.x) * scale + side / 2);
    const row = Math.floor((y - center.y) * scale + side / 2);
    if (column >= 0 && column < side && row >= 0 && row < side) image[row * side + column] += ink * scale ** 2;
  }
  return image.map((ink) => Math.min(1, ink));
}

const bars = Array.from({ length: 10 }, (_, digit) => {
  const row = document.createElement("li");
  row.innerHTML = `<span>${digit}</span><i></i><data></data>`;
  find("bars").append(row);
  return row;
});

let lastRun = Promise.resolve(); // ONNX Runtime rejects a run while another run has not finished

/** Classifies an image, and shows its probabilities. `label` is the true digit, if it is known. */
function show(image, label) {
  lastRun = lastRun.then(async () => {
    drawImage(find("input"), image ?? new Float32Array(pixels));
    const probabilities = image ? (await classify(image))[0] : Array(10).fill(0);
    for (const [digit, row] of bars.entries()) {
      const probability = probabilities[digit];
      row.querySelector("i").style.width = `${100 * probability}%`;
      const number = row.querySelector("data");
      number.value = probability;
      number.textContent = image ? percent(probability) : "";
    }
    const prediction = largestOf(probabilities);
    const truth = label === undefined || label === prediction ? "" : `; the image shows ${label}`;
    find("answer").textContent = image
      ? `Prediction: ${prediction} (${percent(probabilities[prediction])})${truth}`
      : "Draw a digit, or click on an image.";
  });
}

function clear() {
  brush.clearRect(0, 0, pad.width, pad.height);
  isDrawn = false;
  show();
}

let isDrawn = false; // whether the pad shows a drawing, rather than a test image or nothing
let from; // the last point of the stroke

const pointOf = ({ clientX, clientY }) => {
  const { left, top, width, height } = pad.getBoundingClientRect();
  return { x: ((clientX - left) / width) * pad.width, y: ((clientY - top) / height) * pad.height };
};

function strokeTo(point) {
  Object.assign(brush, { lineWidth: 22, lineCap: "round" });
  brush.beginPath();
  brush.moveTo(from.x, from.y);
  brush.lineTo(point.x, point.y);
  brush.stroke();
  from = point;
  show(drawnImage());
}

pad.addEventListener("pointerdown", (event) => {
  if (!isDrawn) brush.clearRect(0, 0, pad.width, pad.height);
  isDrawn = true;
  pad.setPointerCapture(event.pointerId);
  from = pointOf(event);
  strokeTo(from);
});
pad.addEventListener("pointermove", (event) => {
  if (from) strokeTo(pointOf(event));
});
for (const name of ["pointerup", "pointercancel"])
  pad.addEventListener(name, () => {
    from = undefined;
  });
find("clear").addEventListener("click", clear);

const labels = await contentOf("labels");
const images = Float32Array.from(await contentOf("images"), (byte) => byte / 255);
for (const [i, probabilities] of (await classify(images)).entries()) {
  const image = images.slice(i * pixels, (i + 1) * pixels);
  const prediction = largestOf(probabilities);
  const button = document.createElement("button");
  button.type = "button";
  button.className = prediction === labels[i] ? "" : "wrong";
  button.title = `The image shows ${labels[i]}.`;
  button.innerHTML = `<canvas width="${side}" height="${side}"></canvas>${prediction} · ${percent(probabilities[prediction])}`;
  drawImage(button.querySelector("canvas"), image);
  button.addEventListener("click", () => {
    isDrawn = false;
    drawImage(pad, image);
    show(image, labels[i]);
  });
  find("digits").append(button);
}
clear();
