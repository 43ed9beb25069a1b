// A learning rate drawn by hand, or by a rule, and what noisy gradient descent makes of it.
import {
  choice, clamp, figure, handle, html, key, line, normals, plot, power, set, slider, svg,
  within,
} from "./kit.mjs";

export const height = { narrow: 1102, wide: 571 };

const STEPS = 300;
const POINTS = 6; // of the curve that a reader draws
const EPOCH = 10; // steps, for the plateau rule
const EDGE = 4; // the bowl is shown from -EDGE to EDGE
const HIGHEST = 0.5; // power of ten of the largest rate; the plot has room above it

/** The rate of each step on straight lines, of its logarithm, between points that stand evenly. */
export function drawn(points, steps) {
  return Array.from({ length: steps }, (_, t) => {
    const place = (t * (points.length - 1)) / steps;
    const i = Math.floor(place);
    return 10 ** (points[i] + (place - i) * (points[i + 1] - points[i]));
  });
}

/** A walker in a bowl, x and y: its places, before each step and at the end. */
export function walk(rates, curvatures, start, noise, sigma) {
  const place = start.slice();
  const places = [start.slice()];
  rates.forEach((rate, t) => {
    for (let i = 0; i < 2; i++) {
      place[i] -= rate * (curvatures[i] * place[i] + sigma * noise[2 * t + i]);
    }
    places.push(place.slice());
  });
  return places;
}

/** The loss that many walkers have on average, before each step and at the end. */
export function expected(rates, curvatures, start, sigma) {
  const square = start.map((x) => x * x); // the mean of each squared coordinate
  const mean = () => curvatures.reduce((sum, h, i) => sum + (h * square[i]) / 2, 0);
  const losses = [mean()];
  for (const rate of rates) {
    curvatures.forEach((h, i) => {
      square[i] = (1 - rate * h) ** 2 * square[i] + (rate * sigma) ** 2;
    });
    losses.push(mean());
  }
  return losses;
}

/** Where the loss would settle at a constant rate: infinite, if the rate is too large. */
export function floor(rate, curvatures, sigma) {
  return curvatures.reduce(
    (sum, h) => sum + (rate * h < 2 ? (rate * sigma ** 2) / (2 * (2 - rate * h)) : Infinity),
    0,
  );
}

/** Rates by the plateau rule: a third of the rate after five epochs without a new lowest loss. */
export function plateau(first, steps, curvatures, start, noise, sigma) {
  const rates = [];
  let [rate, best, waited, place] = [first, Infinity, 0, start];
  while (rates.length < steps) {
    const epoch = Array(EPOCH).fill(rate);
    const places = walk(epoch, curvatures, place, noise.slice(2 * rates.length), sigma);
    rates.push(...epoch);
    place = places.at(-1);
    const losses = places.slice(1).map((p) => loss(curvatures, p));
    const mean = losses.reduce((a, b) => a + b, 0) / EPOCH;
    waited = mean < best ? 0 : waited + 1;
    best = Math.min(best, mean);
    if (waited === 5) [rate, waited] = [rate * Math.sqrt(0.1), 0];
  }
  return rates;
}

const loss = (curvatures, place) =>
  curvatures.reduce((sum, h, i) => sum + (h * place[i] ** 2) / 2, 0);

const shown = (x) => {
  if (x === Infinity) return "without bound";
  if (x >= 1e4) return "above 10,000";
  return x >= 1 ? x.toFixed(1) : x.toPrecision(2);
};

function render(context) {
  const frame = figure(context, update);
  const { curvatures, seed } = frame.data;
  const noise = normals(2 * STEPS, seed);
  let points = Array(POINTS).fill(-0.3);
  let start = [-3.2, 3.2];

  const kind = choice(frame, {
    label: "Schedule",
    options: [
      ["constant", "constant"],
      ["step", "step"],
      ["cosine", "cosine"],
      ["plateau", "plateau"],
      ["hand", "by hand"],
    ],
    value: "step",
  });
  const sigma = slider(frame, {
    label: "Noise σ",
    min: 0,
    max: 2,
    step: 0.1,
    value: 1,
    text: (x) => x.toFixed(1),
  });

  key(frame, [
    { class: "blue", text: "mean of all walks" },
    { class: "orange thin", text: "one walk" },
    { class: "violet dashed", text: "floor at this rate" },
  ]);
  frame.stage.style.setProperty("--least", "17rem");
  const column = html("div", { class: "column" });
  frame.stage.append(column);
  const beside = { ...frame, stage: column };
  const x = { domain: [0, STEPS], ticks: [0, 100, 200, 300], label: "step" };
  const top = plot(beside, {
    width: 340,
    height: 160,
    title: "Learning rate: drag its points",
    x: { ...x, label: "" },
    y: { domain: [-3, 0.8], ticks: [-3, -2, -1, 0], text: power },
    margin: { bottom: 22, right: 18 },
  });
  const bottom = plot(beside, {
    width: 340,
    height: 190,
    title: "Loss",
    x,
    y: { domain: [-3.5, 1.2], ticks: [-3, -2, -1, 0, 1], text: power },
    margin: { right: 18 },
  });
  const map = plot(frame, {
    width: 340,
    height: 345,
    title: "The walk: drag its start",
    x: { domain: [-EDGE, EDGE], ticks: [-2, 0, 2], label: "steep direction" },
    y: { domain: [-EDGE, EDGE], ticks: [-2, 0, 2], label: "flat direction" },
  });
  const unit = map.inside.width / (2 * EDGE);
  const [x0, y0] = [map.x(0), map.y(0)];
  const up = map.inside.height / (2 * EDGE);
  for (const level of [0.05, 0.25, 0.8, 2, 4, 8]) {
    const [rx, ry] = curvatures.map((h, i) => (i ? up : unit) * Math.sqrt((2 * level) / h));
    map.marks.append(svg("ellipse", { class: "curve contour", cx: x0, cy: y0, rx, ry }));
  }
  const way = svg("path", { class: "curve orange thin" });
  const end = svg("circle", { class: "mark orange", r: 5 });
  map.marks.append(way, end);
  const curve = svg("path", { class: "curve blue" });
  top.marks.append(curve);
  const one = svg("path", { class: "curve orange thin" });
  const level = svg("path", { class: "curve violet dashed" });
  const mean = svg("path", { class: "curve blue" });
  bottom.marks.append(one, level, mean);

  const knots = points.map((_, i) =>
    handle(frame, top.svg, {
      label: `Learning rate at step ${(STEPS * i) / (POINTS - 1)}`,
      at: () => [top.x((STEPS * i) / (POINTS - 1)), top.y(points[i])],
      move: ([, y]) => {
        points[i] = clamp(top.y.inverse(y), top.y.domain[0], HIGHEST);
        if (i > 0 && kind.value !== "hand") kind.set("hand"); // the first one moves every schedule
      },
      words: () => (10 ** points[i]).toPrecision(2),
    }),
  );
  const begins = handle(frame, map.svg, {
    label: "Start of the walk",
    at: () => [map.x(start[0]), map.y(start[1])],
    move: ([x, y]) => {
      start = [map.x.inverse(x), map.y.inverse(y)].map((v) => clamp(v, -EDGE, EDGE));
    },
    words: () => `${start[0].toFixed(1)}, ${start[1].toFixed(1)}`,
  });

  /** The rates of the chosen schedule; a rule moves the points onto its curve. */
  function rates() {
    const first = 10 ** points[0];
    const share = {
      constant: () => 1,
      step: (t) => (t < 0.4 * STEPS ? 1 : 0.1),
      cosine: (t) => (1 + Math.cos((Math.PI * t) / STEPS)) / 2,
    }[kind.value];
    if (kind.value === "hand") return drawn(points, STEPS);
    const chosen = share
      ? Array.from({ length: STEPS }, (_, t) => first * share(t))
      : plateau(first, STEPS, curvatures, start, noise, sigma.value);
    points = points.map((_, i) => {
      const rate = chosen[Math.min(STEPS - 1, Math.round((STEPS * i) / (POINTS - 1)))];
      return i ? clamp(Math.log10(rate), ...top.y.domain) : points[0];
    });
    return chosen;
  }

  function update() {
    const used = rates();
    const places = walk(used, curvatures, start, noise, sigma.value);
    const losses = expected(used, curvatures, start, sigma.value);
    const floors = used.map((rate) => floor(rate, curvatures, sigma.value));
    const height = (value) => within(bottom.y(Math.log10(Math.max(value, 1e-9))));
    const over = (values) => line(values.map((value, t) => [bottom.x(t), height(value)]));
    set(curve, {
      d: line(used.map((rate, t) => [top.x(t), top.y(Math.log10(Math.max(rate, 1e-9)))])),
    });
    set(mean, { d: over(losses) });
    set(one, { d: over(places.map((place) => loss(curvatures, place))) });
    set(level, { d: over(floors) });
    const away = places.findIndex((place) => Math.max(...place.map(Math.abs)) > 3 * EDGE);
    const near = away < 0 ? places : places.slice(0, away + 1); // a walk that flies away ends there
    const seen = near.map(([a, b]) => [within(map.x(a)), within(map.y(b))]);
    set(way, { d: line(seen) });
    set(end, { cx: seen.at(-1)[0], cy: seen.at(-1)[1] });
    knots.forEach((knot) => knot.show());
    begins.show();
    const [last, rate] = [losses.at(-1), used.at(-1)];
    const floored = floors.at(-1);
    const ratio = last / floored;
    const verdict =
      floored !== Infinity && last > losses[0]
        ? "For a while the rate was above 2 over the steepest curvature, and the walk has flown away."
      : floored === Infinity
        ? "That rate is above 2 over the steepest curvature: the loss grows."
        : sigma.value === 0
          ? "Without noise there is no floor: a constant rate goes on falling."
          : ratio < 1.3
            ? "The loss has reached the floor of its rate; only a smaller rate gets lower."
            : "The loss has not come down to the floor of its last rate yet.";
    return {
      words:
        `The schedule ends at a rate of ${shown(rate)}, whose floor is ${shown(floored)}. ` +
        `The mean loss ends at ${shown(last)}. ${verdict}`,
      values: { rates: used, places, losses, floors, sigma: sigma.value, start, points },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
