// A network of two hidden units as a graph: values go forwards, gradients back, and one weight's loss.
import {
  button, choice, clamp, drawing, figure, handle, html, line, plot, set, signed, slider, svg,
} from "./kit.mjs";

export const height = { narrow: 905, wide: 452 };

const NAMES = ["w₁", "w₂", "w₃", "w₄"];
const EDGE = 3; // weights from -EDGE to EDGE
const RATE = 2; // of a step downhill
const NUDGE = 0.1;

/** The values of a network x → h₁, h₂ → ŷ with a squared error J, and the gradient of J by each. */
export function pass(weights, x, y) {
  const [w1, w2, w3, w4] = weights;
  const hidden = [Math.max(w1 * x, 0), Math.max(w2 * x, 0)];
  const output = 1 / (1 + Math.exp(-(w3 * hidden[0] + w4 * hidden[1])));
  const loss = (output - y) ** 2;
  // backwards
  const byOutput = 2 * (output - y);
  const delta = byOutput * output * (1 - output); // by the sum before the sigmoid
  const byHidden = [w3 * delta, w4 * delta];
  const byWeights = [
    ...byHidden.map((g, i) => (hidden[i] > 0 ? g * x : 0)),
    ...hidden.map((h) => h * delta),
  ];
  const back = byHidden.map((g, i) => (hidden[i] > 0 ? g * weights[i] : 0)); // along each way to x
  return { hidden, output, loss, byOutput, byHidden, byWeights, byInput: back[0] + back[1], back };
}

function render(context) {
  const frame = figure(context, update);
  const begin = frame.data.weights;
  let weights = begin.slice();

  frame.controls.style.setProperty("--least", "11rem");
  const two = (value) => value.toFixed(2);
  const number = (value) => signed(value, 2);
  const chosen = choice(frame, {
    label: "Weight on the right",
    options: NAMES.map((name, i) => [String(i), name]),
    value: "0",
  });
  const input = slider(frame, { label: "Input x", min: 0, max: 1, step: 0.05, value: 0.6, text: two });
  const truth = slider(frame, { label: "Truth y", min: 0, max: 1, step: 0.05, value: 0.9, text: two });
  const step = button(frame, { label: "Downhill" }, () => {
    const { byWeights } = pass(weights, input.value, truth.value);
    weights = weights.map((w, i) => clamp(w - RATE * byWeights[i], -EDGE, EDGE));
    frame.changed();
  });
  const reset = button(frame, { label: "Reset" }, () => {
    weights = begin.slice();
    frame.changed();
  });
  frame.controls.append(html("div", { class: "pair" }, step, reset));

  frame.stage.style.setProperty("--least", "17rem");
  const board = drawing(frame, {
    width: 340,
    height: 262,
    title: "Values in the circles, gradients in orange",
  });
  const places = { x: [28, 131], "h₁": [126, 54], "h₂": [126, 208], "ŷ": [228, 131], J: [312, 131] };
  const wire = ([a, b], [c, d]) => svg("path", { class: "curve", d: `M${a} ${b}L${c} ${d}` });
  const ends = [["x", "h₁"], ["x", "h₂"], ["h₁", "ŷ"], ["h₂", "ŷ"]];
  const wires = ends.map(([a, b]) => wire(places[a], places[b]));
  const last = set(wire(places["ŷ"], places.J), { class: "curve soft thin" });
  board.append(last, ...wires);
  const nodes = Object.entries(places).map(([name, [x, y]]) => {
    const middle = { x, "text-anchor": "middle" };
    const ground = svg("circle", { class: "node", cx: x, cy: y, r: 21 });
    const value = svg("text", { ...middle, y: y + 5 });
    const gradient = svg("text", { class: "over-lines", ...middle, y: y + 37, style: "fill: var(--orange)" });
    board.append(ground, svg("text", { class: "name over-lines", ...middle, y: y - 27, text: name }));
    board.append(value, gradient);
    return { ground, value, gradient };
  });
  const corners = [[62, 70, "end"], [62, 194, "end"], [194, 70, "start"], [194, 194, "start"]];
  const labels = corners.map(([x, y, anchor]) => {
    const at = { x, "text-anchor": anchor, class: "over-lines" };
    const value = svg("text", { ...at, y });
    const gradient = svg("text", { ...at, y: y + 17, style: "fill: var(--orange)" });
    board.append(value, gradient);
    return { value, gradient };
  });

  const chart = plot(frame, {
    width: 340,
    height: 262,
    title: "Loss J by the weight: drag it",
    x: { domain: [-EDGE, EDGE], ticks: [-3, -2, -1, 0, 1, 2, 3], label: "weight" },
    y: { domain: [0, 0.5], ticks: [0, 0.25, 0.5] },
  });
  const curve = svg("path", { class: "curve blue" });
  const tangent = svg("path", { class: "curve orange dashed" });
  chart.marks.append(curve, tangent);
  const at = () => Number(chosen.value);
  const lossAt = (w) =>
    pass(weights.map((old, i) => (i === at() ? w : old)), input.value, truth.value).loss;
  const grip = handle(frame, chart.svg, {
    label: "Chosen weight",
    at: () => [chart.x(weights[at()]), chart.y(lossAt(weights[at()]))],
    move: ([x]) => {
      weights[at()] = clamp(chart.x.inverse(x), -EDGE, EDGE);
    },
    words: () => `${NAMES[at()]} = ${number(weights[at()])}`,
  });
  const grid = Array.from({ length: 121 }, (_, i) => -EDGE + i / 20);

  function update() {
    const found = pass(weights, input.value, truth.value);
    const { hidden, output, loss, byOutput, byHidden, byWeights, byInput, back } = found;
    const values = [input.value, ...hidden, output, loss];
    const gradients = [byInput, ...byHidden, byOutput, 1];
    nodes.forEach(({ ground, value, gradient }, i) => {
      value.textContent = number(values[i]);
      gradient.textContent = i === 4 ? "1" : number(gradients[i]);
      const off = (i === 1 || i === 2) && hidden[i - 1] === 0;
      set(ground, { class: off ? "node dropped" : "node" });
    });
    const flow = [...back, ...byHidden];
    wires.forEach((each, i) => {
      const off = hidden[i % 2] === 0;
      set(each, {
        class: off ? "curve contour dashed" : "curve orange",
        style: off ? "" : `stroke-width: ${(1 + Math.min(9, 30 * Math.abs(flow[i]))).toFixed(1)}`,
      });
      labels[i].value.textContent = `${NAMES[i]} = ${number(weights[i])}`;
      labels[i].gradient.textContent = number(byWeights[i]);
    });
    const w = weights[at()];
    const slope = byWeights[at()];
    set(curve, { d: line(grid.map((x) => [chart.x(x), chart.y(lossAt(x))])) });
    const leaning = [-1, 1].map((x) => [chart.x(w + x), chart.y(loss + x * slope)]);
    set(tangent, { d: line(leaning) });
    grip.show();
    const change = lossAt(w + NUDGE) - loss;
    const asleep = hidden.flatMap((h, i) => (h === 0 ? [`h${"₁₂"[i]}`] : []));
    const off = asleep.length ? ` ${asleep.join(" and ")} is off: no gradient passes.` : "";
    const three = (value) => signed(value, 4);
    return {
      words:
        `The gradient by ${NAMES[at()]} is ${three(slope)}. So ${NUDGE} more of it should change J by ` +
        `${three(NUDGE * slope)}. It changes J by ${three(change)}.${off}`,
      values: { weights, x: input.value, y: truth.value, ...found, change },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
