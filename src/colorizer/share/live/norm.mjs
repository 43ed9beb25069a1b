// Batch normalisation: one batch by its own statistics and by moving averages that lag.
import {
  choice, clamp, drawing, figure, handle, html, key, line, normals, plot, scale, set, signed,
  slider, svg, within,
} from "./kit.mjs";

export const height = { narrow: 826, wide: 427 };

const STEPS = 600;
const EPSILON = 1e-3;
const MOST = 32; // values in a batch
const [WIDTH, RAILS] = [340, { batch: 40, raw: 130, averages: 220 }];

export function statistics(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return [mean, variance];
}

export const normalise = (values, [mean, variance]) =>
  values.map((x) => (x - mean) / Math.sqrt(variance + EPSILON));

/** Moving averages [mean, variance] before each step of a training, and at its end. */
export function moving(values, size, steps, momentum) {
  let [mean, variance] = [0, 1];
  const averages = [[mean, variance]];
  for (let t = 0; t < steps; t++) {
    const [m, v] = statistics(values.slice(t * size, (t + 1) * size));
    mean = momentum * mean + (1 - momentum) * m;
    variance = momentum * variance + (1 - momentum) * v;
    averages.push([mean, variance]);
  }
  return averages;
}

function render(context) {
  const frame = figure(context, update);
  const { mean, deviation, seed } = frame.data;
  const stream = Array.from(normals(STEPS * MOST, seed), (x) => mean + deviation * x);
  const batch = Array.from(normals(MOST, seed + 1), (x) => mean + deviation * x);
  let step = frame.data.step;
  let own = batch[0]; // the value that a reader drags, before the shift
  let averages = [];
  let known = ""; // what the averages were computed for

  frame.controls.style.setProperty("--least", "9.5rem");
  const size = slider(frame, { label: "Batch size", min: 2, max: MOST, value: 8 });
  const shift = slider(frame, {
    label: "Data shift",
    min: -2,
    max: 2,
    step: 0.1,
    value: 0,
    text: (x) => signed(x, 1),
  });
  const momentum = choice(frame, {
    label: "Momentum ρ",
    options: [
      ["0.9", "0.9"],
      ["0.99", "0.99"],
    ],
    value: "0.99",
  });

  frame.stage.style.setProperty("--least", "17rem");
  const rails = drawing(frame, { width: WIDTH, height: 255, title: "Drag the orange value" });
  const raw = scale([-3, 7], [8, WIDTH - 8]);
  const out = scale([-5, 5], [8, WIDTH - 8]);
  const names = []; // over the lines between the rails, as the ticks are
  for (const [y, axis, ticks, text] of [
    [RAILS.batch, out, [-4, -2, 0, 2, 4], "by its own statistics (training)"],
    [RAILS.raw, raw, [-2, 0, 2, 4, 6], "a batch of activations"],
    [RAILS.averages, out, [-4, -2, 0, 2, 4], "by moving averages (inference)"],
  ]) {
    rails.append(svg("line", { class: "curve soft thin", x1: 8, x2: WIDTH - 8, y1: y, y2: y }));
    for (const tick of ticks) {
      names.push(
        svg("text", {
          class: "name over-lines",
          x: axis(tick),
          y: y + 18,
          "text-anchor": "middle",
          text: signed(tick),
        }),
      );
    }
    names.push(svg("text", { class: "over-lines", x: 8, y: y - 14, text }));
  }
  const links = svg("path", { class: "curve link" });
  const linked = svg("path", { class: "curve orange thin" });
  const dots = Array.from({ length: MOST }, (_, i) =>
    [RAILS.batch, RAILS.raw, RAILS.averages].map((cy) =>
      svg("circle", { class: `mark ${i ? "blue" : "orange"}`, cy, r: i ? 4.5 : 6 }),
    ),
  );
  rails.append(links, linked, ...names, ...dots.flat());
  const mine = handle(frame, rails, {
    label: "One value of the batch",
    at: () => [raw(own + shift.value), RAILS.raw],
    move: ([x]) => {
      own = clamp(raw.inverse(x), ...raw.domain) - shift.value;
    },
    words: () => signed(own + shift.value, 2),
  });

  const column = html("div", { class: "column" });
  frame.stage.append(column);
  const beside = { ...frame, stage: column };
  key(beside, [
    { class: "blue", text: "mean" },
    { class: "violet dashed", text: "variance" },
    { class: "soft dotted", text: "of all data" },
  ]);
  const chart = plot(beside, {
    width: WIDTH,
    height: 215,
    title: "Moving averages: drag the step",
    x: { domain: [0, STEPS], ticks: [0, 200, 400, 600], label: "steps trained" },
    y: { domain: [-0.5, 3.5], ticks: [0, 1, 2, 3] },
    margin: { left: 30, right: 14 },
  });
  for (const y of [mean, deviation ** 2].map(chart.y)) {
    chart.marks.append(
      svg("line", { class: "curve soft dotted", x1: chart.x(0), x2: chart.x(STEPS), y1: y, y2: y }),
    );
  }
  const [ofMean, ofVariance] = ["blue", "violet dashed"].map((colour) =>
    svg("path", { class: `curve ${colour}` }),
  );
  const now = svg("line", { class: "curve orange thin", y1: chart.y(-0.5), y2: chart.y(3.5) });
  chart.marks.append(ofMean, ofVariance, now);
  const marker = handle(frame, chart.svg, {
    label: "Steps trained",
    at: () => [chart.x(step), chart.y(-0.5)],
    move: ([x]) => {
      step = clamp(Math.round(chart.x.inverse(x)), 0, STEPS);
    },
    words: () => `${step} steps`,
    anywhere: true,
  });

  function update() {
    const rho = Number(momentum.value);
    if (known !== `${size.value} ${rho}`) {
      known = `${size.value} ${rho}`;
      averages = moving(stream, size.value, STEPS, rho);
      set(ofMean, { d: line(averages.map(([m], t) => [chart.x(t), chart.y(m)])) });
      set(ofVariance, { d: line(averages.map(([, v], t) => [chart.x(t), chart.y(v)])) });
    }
    const values = [own, ...batch.slice(1, size.value)].map((x) => x + shift.value);
    const byBatch = normalise(values, statistics(values));
    const byAverages = normalise(values, averages[step]);
    const ends = values.map((x, i) => [byBatch[i], x, byAverages[i]]);
    const through = ([a, x, b]) =>
      line([
        [within(out(a)), RAILS.batch],
        [raw(x), RAILS.raw],
        [within(out(b)), RAILS.averages],
      ]);
    set(links, { d: ends.slice(1).map(through).join("") });
    set(linked, { d: through(ends[0]) });
    dots.forEach((three, i) => {
      const [a, x, b] = ends[i] ?? [];
      const places = [out(a), raw(x), out(b)]; // of a value beyond the batch, far away
      three.forEach((dot, k) => set(dot, { cx: within(places[k]) }));
    });
    set(now, { x1: chart.x(step), x2: chart.x(step) });
    mine.show();
    marker.show();
    const [m, v] = statistics(byAverages);
    const [, spread] = statistics(byBatch);
    return {
      words:
        `By its own statistics the batch has mean 0 and deviation ${Math.sqrt(spread).toFixed(2)}, whatever you do. ` +
        `By the moving averages after ${step} steps it has mean ${signed(m, 2)} and deviation ` +
        `${Math.sqrt(v).toFixed(2)}. The orange value comes out as ${signed(byBatch[0], 2)} and ${signed(byAverages[0], 2)}.`,
      values: {
        size: size.value,
        step,
        rho,
        values,
        byBatch,
        byAverages,
        averages: averages[step],
      },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
