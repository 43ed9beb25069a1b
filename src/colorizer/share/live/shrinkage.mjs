// Lasso and ridge on two weights: where a loss with elliptic levels and a penalty agree.
import {
  choice, clamp, figure, handle, key, line, plot, power, set, signed, slider, svg,
} from "./kit.mjs";

export const height = { narrow: 1006, wide: 524 };

const EDGE = 2.4; // the plane of weights is shown from -EDGE to EDGE
const STRENGTHS = Array.from({ length: 121 }, (_, i) => 10 ** (-2 + i / 40)); // 0.01 to 10

/** The weights that minimise (w - best)ᵀ H (w - best) / 2 + strength · Σ w², H = [[1, r], [r, 1]]. */
export function ridge(best, r, strength) {
  const d = 1 + 2 * strength;
  const [a, b] = [best[0] + r * best[1], r * best[0] + best[1]];
  return [(d * a - r * b) / (d * d - r * r), (d * b - r * a) / (d * d - r * r)];
}

/** The same with strength · Σ |w|: each sign pattern has one candidate, and one pattern holds. */
export function lasso(best, r, strength) {
  const pull = [best[0] + r * best[1], r * best[0] + best[1]];
  for (const s of [-1, 1]) {
    for (const t of [-1, 1]) {
      const [a, b] = [pull[0] - strength * s, pull[1] - strength * t];
      const w = [(a - r * b) / (1 - r * r), (b - r * a) / (1 - r * r)];
      if (w[0] * s > 0 && w[1] * t > 0) return w;
    }
  }
  for (const [i, j] of [
    [0, 1],
    [1, 0],
  ]) {
    const w = [0, 0];
    w[i] = Math.sign(pull[i]) * Math.max(Math.abs(pull[i]) - strength, 0);
    // the loss may not pull the other weight harder than the penalty holds it
    if (w[i] !== 0 && Math.abs(pull[j] - r * w[i]) <= strength) return w;
  }
  return [0, 0];
}

export const loss = (w, best, r) => {
  const [a, b] = [w[0] - best[0], w[1] - best[1]];
  return (a * a + 2 * r * a * b + b * b) / 2;
};

const decimal = (x) => (x === 0 ? "0" : signed(x, 2));

function render(context) {
  const frame = figure(context, update);
  let best = frame.data.best.slice();

  frame.controls.style.setProperty("--least", "9.5rem");
  const penalty = choice(frame, {
    label: "Penalty",
    options: [
      ["lasso", "lasso"],
      ["ridge", "ridge"],
    ],
    value: "lasso",
  });
  const strength = slider(frame, {
    label: "Strength λ",
    min: -2,
    max: 1,
    step: 0.025,
    value: 0.1,
    text: (x) => (10 ** x).toPrecision(3),
  });
  const alike = slider(frame, {
    label: "Correlation",
    min: -0.9,
    max: 0.9,
    step: 0.05,
    value: 0.5,
    text: (x) => decimal(x),
  });

  key(frame, [
    { class: "orange", text: "levels of the loss" },
    { class: "violet", text: "ball of the penalty" },
    { class: "blue", text: "answers, as λ grows", dot: "disc" },
  ]);
  frame.stage.style.setProperty("--least", "17rem");
  const map = plot(frame, {
    width: 340,
    height: 340,
    title: "Drag the loss's own minimum",
    x: { domain: [-EDGE, EDGE], ticks: [-2, -1, 0, 1, 2], label: "first weight" },
    y: { domain: [-EDGE, EDGE], ticks: [-2, -1, 0, 1, 2], label: "second weight" },
    margin: { left: 40, right: 10, top: 7, bottom: 43 },
  });
  const chart = plot(frame, {
    width: 340,
    height: 300,
    title: "The weights: drag the strength",
    x: { domain: [-2, 1], ticks: [-2, -1, 0, 1], text: power, label: "λ" },
    y: { domain: [-2.8, 2.8], ticks: [-2, -1, 0, 1, 2] },
    margin: { right: 18 },
  });
  const unit = map.inside.width / (2 * EDGE);
  const levels = svg("g");
  const ball = svg("path", { class: "curve violet ball" });
  const path = svg("path", { class: "curve blue" });
  const answer = svg("circle", { class: "mark blue", r: 6 });
  const axis = (x1, y1, x2, y2) =>
    svg("line", {
      class: "curve soft thin",
      x1: map.x(x1),
      y1: map.y(y1),
      x2: map.x(x2),
      y2: map.y(y2),
    });
  map.marks.append(axis(-EDGE, 0, EDGE, 0), axis(0, -EDGE, 0, EDGE), levels, ball, path, answer);
  const curves = ["blue", "green dashed"].map((colour) =>
    svg("path", { class: `curve ${colour}` }),
  );
  const names = ["first", "second"].map((text) => svg("text", { x: chart.x(-2) + 6, text }));
  const zero = svg("line", {
    class: "curve soft thin",
    x1: chart.x(-2),
    x2: chart.x(1),
    y1: chart.y(0),
    y2: chart.y(0),
  });
  const now = svg("line", { class: "curve orange thin", y1: chart.y(-2.8), y2: chart.y(2.8) });
  const spots = ["blue", "green"].map((colour) => svg("circle", { class: `mark ${colour}`, r: 5 }));
  chart.marks.append(zero, ...curves, ...names, now, ...spots);

  const own = handle(frame, map.svg, {
    label: "Minimum of the loss",
    at: () => [map.x(best[0]), map.y(best[1])],
    move: ([x, y]) => {
      best = [map.x.inverse(x), map.y.inverse(y)].map((v) => clamp(v, -2, 2));
    },
    words: () => `${decimal(best[0])}, ${decimal(best[1])}`,
  });
  const marker = handle(frame, chart.svg, {
    label: "Strength",
    at: () => [chart.x(strength.value), chart.y(2.2)],
    move: ([x]) => strength.set(clamp(chart.x.inverse(x), -2, 1)),
    words: () => (10 ** strength.value).toPrecision(3),
    anywhere: true,
  });

  function update() {
    const [lambda, r] = [10 ** strength.value, alike.value];
    const solve = penalty.value === "lasso" ? lasso : ridge;
    const w = solve(best, r, lambda);
    const answers = STRENGTHS.map((each) => solve(best, r, each));
    const [x, y] = [map.x(w[0]), map.y(w[1])];
    // the level through the answer, between others; ellipses along the diagonals
    const touching = loss(w, best, r);
    const ellipse = (level, colour) =>
      svg("ellipse", {
        class: `curve orange ${colour}`,
        rx: unit * Math.sqrt((2 * level) / (1 + r)),
        ry: unit * Math.sqrt((2 * level) / (1 - r)),
        transform: `translate(${map.x(best[0])} ${map.y(best[1])}) rotate(-45)`,
      });
    const faint = [0.05, 0.2, 0.5, 1, 2, 4].map((level) => ellipse(level, "faint"));
    levels.replaceChildren(...faint, ellipse(touching, ""));
    const radius =
      penalty.value === "lasso" ? Math.abs(w[0]) + Math.abs(w[1]) : Math.hypot(w[0], w[1]);
    const [x0, y0, size] = [map.x(0), map.y(0), unit * radius];
    set(ball, {
      d:
        penalty.value === "lasso"
          ? `M${x0 - size} ${y0}L${x0} ${y0 - size}L${x0 + size} ${y0}L${x0} ${y0 + size}Z`
          : `M${x0 - size} ${y0}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0Z`,
    });
    set(path, {
      d: line(
        [best, ...answers, ...(solve === lasso ? [[0, 0]] : [])].map(([a, b]) => [
          map.x(a),
          map.y(b),
        ]),
      ),
    });
    set(answer, { cx: x, cy: y });
    curves.forEach((each, i) => {
      set(each, {
        d: line(answers.map((a, k) => [chart.x(Math.log10(STRENGTHS[k])), chart.y(a[i])])),
      });
      set(spots[i], { cx: chart.x(strength.value), cy: chart.y(w[i]) });
    });
    const [a, b] = [0, 1].map((i) => chart.y(answers[0][i]));
    const above = a <= b;
    set(names[0], { y: above ? a - 6 : a + 16 });
    set(names[1], { y: above ? b + 16 : b - 6 });
    set(now, { x1: chart.x(strength.value), x2: chart.x(strength.value) });
    own.show();
    marker.show();
    const zeros = w.filter((v) => v === 0).length;
    const verdict = {
      lasso: [
        "Neither weight is zero yet: the ball is touched on a side.",
        `The ${w[0] === 0 ? "first" : "second"} weight is exactly zero: the ball is touched at a corner.`,
        "Both weights are exactly zero.",
      ],
      ridge: Array(3).fill("A circle has no corners: no weight comes to rest at zero."),
    }[penalty.value][zeros];
    return {
      words: `The weights are ${decimal(w[0])} and ${decimal(w[1])}; without a penalty they are ${decimal(best[0])} and ${decimal(best[1])}. ${verdict}`,
      values: {
        best,
        correlation: r,
        strength: lambda,
        penalty: penalty.value,
        weights: w,
        answers,
        strengths: STRENGTHS,
      },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
