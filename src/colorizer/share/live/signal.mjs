// The size of a signal through a deep random network, and of the gradient on its way back.
import { choice, figure, line, normals, plot, power, set, slider, svg } from "./kit.mjs";

export const height = { narrow: 842, wide: 420 };

const [LAYERS, UNITS, INPUTS] = [20, 64, 16]; // inputs by four
const SLOPE = 0.2; // of the leaky ReLU below zero
const LEAST = -8; // the power of ten at the bottom of the plots
const MOST = 4;

const sigmoid = (a) => 1 / (1 + Math.exp(-a));
export const ACTIVATIONS = {
  ReLU: [(a) => Math.max(a, 0), (a) => (a > 0 ? 1 : 0)],
  "leaky ReLU": [(a) => (a > 0 ? a : SLOPE * a), (a) => (a > 0 ? 1 : SLOPE)],
  tanh: [Math.tanh, (a) => 1 - Math.tanh(a) ** 2],
  sigmoid: [sigmoid, (a) => sigmoid(a) * (1 - sigmoid(a))],
};

const rms = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

/**
 * Root mean squares, a layer each, of the sums before the activation and of their gradients; the
 * layers' weights are `scale` times those given, as they map signals `forth` and gradients `back`.
 */
export function sizes({ forth, back }, scale, inputs, ends, [bend, slope]) {
  const [forward, backward, slopes] = [[], [], []];
  let signal = inputs;
  for (let layer = 0; layer < LAYERS; layer++) {
    const sums = times(forth[layer], signal, scale);
    forward.push(rms(sums));
    slopes.push(sums.map(slope));
    signal = sums.map(bend);
  }
  let gradient = ends;
  for (let layer = LAYERS - 1; layer >= 0; layer--) {
    gradient = gradient.map((g, i) => g * slopes[layer][i]);
    backward.unshift(rms(gradient));
    gradient = times(back[layer], gradient, scale);
  }
  return { forward, back: backward };
}

/** A matrix times each of some vectors, one after the other, and a number. */
function times(matrix, vectors, scale) {
  const out = new Float64Array(vectors.length);
  for (let at = 0; at < vectors.length; at += 4 * UNITS) {
    for (let i = 0; i < UNITS; i++) {
      let a = 0, b = 0, c = 0, d = 0; // four vectors at once, since a sum waits for its last addition
      for (let j = 0; j < UNITS; j++) {
        const weight = matrix[i * UNITS + j];
        a += weight * vectors[at + j];
        b += weight * vectors[at + UNITS + j];
        c += weight * vectors[at + 2 * UNITS + j];
        d += weight * vectors[at + 3 * UNITS + j];
      }
      out[at + i] = scale * a;
      out[at + UNITS + i] = scale * b;
      out[at + 2 * UNITS + i] = scale * c;
      out[at + 3 * UNITS + i] = scale * d;
    }
  }
  return out;
}

const transposed = (matrix) => matrix.map((_, k) => matrix[(k % UNITS) * UNITS + Math.floor(k / UNITS)]);

/** A factor in two digits, or as a power of ten. */
const factor = (x) =>
  x >= 0.01 && x < 1000 ? x.toPrecision(2) : `about ${power(Math.round(Math.log10(x)))}`;

function render(context) {
  const frame = figure(context, update);
  const { seed, activation, spread } = frame.data;
  const drawn = normals(LAYERS * UNITS ** 2, seed);
  const back = Array.from({ length: LAYERS }, (_, i) => drawn.subarray(i * UNITS ** 2, (i + 1) * UNITS ** 2));
  const weights = { forth: back.map(transposed), back };
  const inputs = normals(INPUTS * UNITS, seed + 1);
  const ends = normals(INPUTS * UNITS, seed + 2);

  const which = choice(frame, {
    label: "Activation",
    options: Object.keys(ACTIVATIONS).map((name) => [name, name]),
    value: activation,
  });
  const size = slider(frame, {
    label: "Spread of the weights",
    min: 0.4,
    max: 2.4,
    step: 0.01,
    value: spread,
    text: (x) => `${x.toFixed(2)} / √n`,
  });

  frame.stage.style.setProperty("--least", "17rem");
  const options = {
    width: 340,
    height: 270,
    x: { domain: [1, LAYERS], ticks: [1, 5, 10, 15, 20], label: "layer" },
    y: { domain: [LEAST, MOST], ticks: [-8, -6, -4, -2, 0, 2, 4], text: power },
    margin: { right: 14 },
  };
  const charts = [
    ["The signal, forward", "blue"],
    ["The gradient, backward", "orange dashed"],
  ].map(([title, colour]) => {
    const chart = plot(frame, { ...options, title });
    const level = { x1: chart.x(1), x2: chart.x(LAYERS), y1: chart.y(0), y2: chart.y(0) };
    const curve = svg("path", { class: `curve ${colour}` });
    chart.marks.append(svg("line", { class: "curve soft dotted", ...level }), curve);
    return (values) => {
      const logs = values.map((x) => Math.max(Math.log10(x), 2 * LEAST));
      set(curve, { d: line(logs.map((y, i) => [chart.x(i + 1), chart.y(y)])) });
    };
  });

  function update() {
    const scale = size.value / Math.sqrt(UNITS);
    const { forward, back } = sizes(weights, scale, inputs, ends, ACTIVATIONS[which.value]);
    charts[0](forward);
    charts[1](back);
    return {
      words:
        `With ${which.value}, from the first layer to the last, the signal is multiplied by ` +
        `${factor(forward.at(-1) / forward[0])}. From the last to the first, the gradient is multiplied by ` +
        `${factor(back[0] / back.at(-1))}.`,
      values: { forward, back, spread: size.value, activation: which.value },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
