// One channel on its way to the ReLU: as the convolution makes it, and batch-normalised.
import {
  bytes, clamp, figure, grays, handle, html, percent, picture, plot, scale, set, signed, slider,
  svg,
} from "./kit.mjs";

export const height = { narrow: 1082, wide: 522 };

const EPSILON = 1e-3;
const REACH = 4; // of the numbers that are drawn, on both sides of zero
const MOST = 3; // of the bias
const BINS = 48;
const BRIGHT = 2; // what is white in the pictures

export function statistics(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return [mean, variance];
}

/** Values, batch-normalised: to the mean `beta`, and the deviation `gamma` but for epsilon. */
export function normalise(values, gamma, beta) {
  const [mean, variance] = statistics(values);
  return values.map((x) => (gamma * (x - mean)) / Math.sqrt(variance + EPSILON) + beta);
}

const passes = (values) => values.filter((x) => x > 0).length / values.length;

function render(context) {
  const frame = figure(context, update);
  const { channel, low, high, photographs, side, count } = frame.data;
  const values = Array.from(bytes(channel), (x) => low + ((high - low) * x) / 255);
  const shown = Array.from(bytes(photographs), (x) => x / 255);

  frame.controls.style.setProperty("--least", "9.5rem");
  const stretch = slider(frame, {
    label: "Stretch α",
    min: -4,
    max: 1,
    step: 0.25,
    value: 0,
    text: (x) => `${Number((2 ** x).toPrecision(2))}`,
  });
  const bias = slider(frame, {
    label: "More bias b",
    min: -MOST,
    max: MOST,
    step: 0.1,
    value: 0,
    text: (x) => signed(x, 1),
  });
  const gamma = slider(frame, { label: "Scale γ", min: 0, max: 2, step: 0.1, value: 1, text: (x) => x.toFixed(1) });
  const beta = slider(frame, {
    label: "Shift β",
    min: -2,
    max: 2,
    step: 0.1,
    value: 0,
    text: (x) => signed(x, 1),
  });

  frame.stage.style.setProperty("--least", "17rem");
  const sides = ["As the convolution makes it", "Batch-normalised"].map((title) => {
    const column = html("div", { class: "column" });
    frame.stage.append(column);
    const beside = { ...frame, stage: column };
    const chart = plot(beside, {
      width: 340,
      height: 170,
      title,
      x: { domain: [-REACH, REACH], ticks: [-4, -2, 0, 2, 4] },
      y: { domain: [0, 1.12] },
      margin: { left: 12, right: 12, bottom: 24 },
    });
    const bars = Array.from({ length: BINS }, (_, i) => {
      const [x, next] = [i, i + 1].map((k) => chart.x(REACH * ((2 * k) / BINS - 1)));
      return svg("rect", { class: i < BINS / 2 ? "node" : "mark blue", x, width: next - x });
    });
    const gate = { x1: chart.x(0), x2: chart.x(0), y1: chart.y(0), y2: chart.y(1.12) };
    chart.marks.append(...bars, svg("line", { class: "curve ink thin", ...gate }));
    const map = picture(beside, {
      width: count * side,
      height: 2 * side,
      title: "Photographs, and what passes the ReLU",
      label: `${count} photographs, and below them what passes the ReLU`,
    });
    return { chart, bars, map };
  });
  const mine = handle(frame, sides[0].chart.svg, {
    label: "Mean of the channel",
    at: () => [sides[0].chart.x(clamp(middle(), -REACH, REACH)), sides[0].chart.y(0)],
    move: ([x]) => {
      const wanted = sides[0].chart.x.inverse(x) - middle() + bias.value;
      bias.set(clamp(wanted, -MOST, MOST));
    },
    words: () => signed(middle(), 2),
  });

  function middle() {
    return 2 ** stretch.value * statistics(values)[0] + bias.value;
  }

  function draw({ chart, bars, map }, numbers) {
    const counts = new Array(BINS).fill(0);
    const bin = scale([-REACH, REACH], [0, BINS]);
    for (const x of numbers) {
      const at = Math.floor(bin(x));
      if (at >= 0 && at < BINS) counts[at] += 1;
    }
    const most = Math.max(...counts, 1);
    bars.forEach((bar, i) => {
      const y = chart.y(counts[i] / most);
      set(bar, { y, height: chart.y(0) - y });
    });
    const lit = numbers.map((x) => clamp(x / BRIGHT, 0, 1));
    map.put(grays(rows(shown).concat(rows(lit))));
  }

  /** Maps one after the other as one picture, in which they stand side by side. */
  function rows(maps) {
    const width = count * side;
    return Array.from({ length: side * width }, (_, at) => {
      const [row, column] = [Math.floor(at / width), at % width];
      return maps[Math.floor(column / side) * side * side + row * side + (column % side)];
    });
  }

  function update() {
    const raw = values.map((x) => 2 ** stretch.value * x + bias.value);
    const out = normalise(raw, gamma.value, beta.value);
    draw(sides[0], raw);
    draw(sides[1], out);
    mine.show();
    const [left, right] = [raw, out].map((numbers) => {
      const [mean, variance] = statistics(numbers);
      return { mean, deviation: Math.sqrt(variance), passes: passes(numbers) };
    });
    const told = ({ mean, deviation, passes: share }) =>
      `mean ${signed(mean, 2)} and deviation ${deviation.toFixed(2)}, and ${percent(share)} of the numbers pass`;
    return {
      words: `On the left the channel has ${told(left)}. On the right it has ${told(right)}.`,
      values: { alpha: 2 ** stretch.value, bias: bias.value, gamma: gamma.value, beta: beta.value, left, right },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
