// Dropout's ensemble: a network of four hidden units, each of its sixteen masks, and their mean.
import {
  choice, clamp, drawing, figure, handle, key, line, plot, set, signed, slider, svg,
} from "./kit.mjs";

export const height = { narrow: 908, wide: 446 };

const UNITS = 4;
const EDGE = 3; // inputs from -EDGE to EDGE
const INPUTS = Array.from({ length: 121 }, (_, i) => -EDGE + i / 20);
const ENDS = {
  linear: (a) => a,
  relu: (a) => Math.max(a, 0),
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
};

/** The output for an input x when the units in `kept` (0 or 1, or their mean) are scaled by `scale`. */
export function output({ into, bias, out, shift }, end, kept, scale, x) {
  const sum = into.reduce(
    (total, w, j) => total + out[j] * kept[j] * scale * Math.max(w * x + bias[j], 0),
    shift,
  );
  return ENDS[end](sum);
}

/** All masks, as lists of 0 and 1. */
export const masks = Array.from({ length: 2 ** UNITS }, (_, i) =>
  Array.from({ length: UNITS }, (_, j) => (i >> j) & 1),
);

/** How likely each mask is. */
export const chances = (rate) =>
  masks.map((mask) => mask.reduce((p, kept) => p * (kept ? 1 - rate : rate), 1));

function render(context) {
  const frame = figure(context, update);
  const { network } = frame.data;
  let mask = frame.data.mask.slice();
  let at = frame.data.at;

  const rate = slider(frame, {
    label: "Dropout rate p",
    min: 0,
    max: 0.9,
    step: 0.05,
    value: 0.5,
    text: (x) => x.toFixed(2),
  });
  const end = choice(frame, {
    label: "Last layer",
    options: [
      ["linear", "linear"],
      ["relu", "ReLU"],
      ["sigmoid", "sigmoid"],
    ],
    value: "relu",
  });
  key(frame, [
    { class: "soft thin", text: "all 16 masks" },
    { class: "orange", text: "the mask shown" },
    { class: "blue", text: "mean of all masks" },
    { class: "green dashed", text: "no mask, as at inference" },
  ]);
  frame.stage.style.setProperty("--least", "17rem");
  const board = drawing(frame, {
    width: 340,
    height: 262,
    title: "Press a unit to drop or keep it",
  });
  const [left, middle, right] = [30, 170, 310];
  const rows = Array.from({ length: UNITS }, (_, j) => 34 + 64 * j);
  const centre = (rows[0] + rows.at(-1)) / 2;
  const wires = rows.map((y) =>
    svg("path", { class: "curve", d: `M${left} ${centre}L${middle} ${y}L${right} ${centre}` }),
  );
  const node = (x, y, text) => [
    svg("circle", { class: "node", cx: x, cy: y, r: 20 }),
    svg("text", { x, y: y + 5, "text-anchor": "middle", text }),
  ];
  board.append(...wires, ...node(left, centre, "x"), ...node(right, centre, "ŷ"));
  const switches = rows.map((y, j) => {
    const cell = svg("g", {
      class: "handle cell",
      role: "switch",
      tabindex: 0,
      "aria-label": `Hidden unit ${j + 1}`,
    });
    const [ground, text] = node(middle, y, "");
    const turn = (event) => {
      event.preventDefault();
      mask[j] = 1 - mask[j];
      frame.changed();
    };
    cell.append(svg("circle", { class: "reach", cx: middle, cy: y, r: 24 }), ground, text);
    cell.addEventListener("click", turn);
    cell.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") turn(event);
    });
    board.append(cell);
    return { cell, ground, text };
  });

  const chart = plot(frame, {
    width: 340,
    height: 262,
    title: "Output: drag the input",
    x: { domain: [-EDGE, EDGE], ticks: [-3, -2, -1, 0, 1, 2, 3], label: "input x" },
    y: { domain: [-3, 5], ticks: [-2, 0, 2, 4] },
  });
  const curves = masks.map(() => svg("path", { class: "curve soft thin faint" }));
  const [shown, mean, whole] = ["orange", "blue", "green dashed"].map((colour) =>
    svg("path", { class: `curve ${colour}` }),
  );
  const now = svg("line", { class: "curve orange thin", y1: chart.y(-3), y2: chart.y(5) });
  const spots = ["blue", "green"].map((colour) => svg("circle", { class: `mark ${colour}`, r: 5 }));
  chart.marks.append(...curves, shown, mean, whole, now, ...spots);
  const marker = handle(frame, chart.svg, {
    label: "Input x",
    at: () => [chart.x(at), chart.y(5)],
    move: ([x]) => {
      at = clamp(chart.x.inverse(x), -EDGE, EDGE);
    },
    words: () => signed(at, 2),
    anywhere: true,
  });

  function update() {
    const p = rate.value;
    const weights = chances(p);
    const one = (kept, x) => output(network, end.value, kept, 1 / (1 - p), x);
    const all = (x) => output(network, end.value, Array(UNITS).fill(1), 1, x);
    const average = (x) => masks.reduce((sum, each, k) => sum + weights[k] * one(each, x), 0);
    const over = (f) => line(INPUTS.map((x) => [chart.x(x), chart.y(f(x))]));
    curves.forEach((curve, k) => set(curve, { d: over((x) => one(masks[k], x)) }));
    set(shown, { d: over((x) => one(mask, x)) });
    set(mean, { d: over(average) });
    set(whole, { d: over(all) });
    set(now, { x1: chart.x(at), x2: chart.x(at) });
    switches.forEach(({ cell, ground, text }, j) => {
      set(ground, { class: mask[j] ? "node kept" : "node dropped" });
      set(wires[j], { class: mask[j] ? "curve orange" : "curve contour dashed" });
      text.textContent = mask[j] ? `×${p < 0.9 ? (1 / (1 - p)).toFixed(2) : 10}` : "×0";
      set(cell, { "aria-checked": String(mask[j] === 1) });
    });
    const [a, b] = [average(at), all(at)];
    [a, b].forEach((y, i) => set(spots[i], { cx: chart.x(at), cy: chart.y(y) }));
    marker.show();
    const same = Math.abs(a - b) < 0.005;
    return {
      words:
        `At x = ${signed(at, 2)} the mean of all 16 masks is ${signed(a, 2)}, and the network without a mask says ${signed(b, 2)}: ` +
        (same ? "the same here." : "leaving the mask out is not the mean.") +
        (end.value === "linear" ? " With a linear last layer they agree everywhere." : ""),
      values: { rate: p, mask, at, mean: a, whole: b, outputs: masks.map((each) => one(each, at)) },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
