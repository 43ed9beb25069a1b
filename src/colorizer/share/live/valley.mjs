// Optimisers race through a quadratic valley; what a step leaves of the error, by curvature.
import {
  apart, button, choice, figure, handle, html, key, line, mark, plot, power, set, slider, svg, within,
} from "./kit.mjs";

export const height = { narrow: 1266, wide: 693 };

const STEPS = 100;
const EDGE = 3; // the valley is shown from -EDGE to EDGE
const RULES = [
  { name: "descent", text: "gradient descent", short: "GD", class: "ink", dot: "disc" },
  { name: "momentum", text: "momentum", short: "momentum", class: "blue", dot: "square" },
  { name: "rmsprop", text: "RMSProp", short: "RMSProp", class: "green dashed", dot: "up" },
  { name: "adam", text: "Adam", short: "Adam", class: "orange", dot: "diamond" },
  { name: "nadam", text: "Nadam", short: "Nadam", class: "violet dashed", dot: "down" },
  { name: "nesterov", text: "Nesterov", short: "Nesterov", class: "green dashed", dot: "up" },
  { name: "adagrad", text: "AdaGrad", short: "AdaGrad", class: "violet dashed", dot: "down" },
];
const ORDER = [1, 3, 2, 5, 4, 6, 0]; // drawn one over the other: dashes over lines, the shortest last
const RACES = [ // who runs at a time: no two with one colour
  ["paper", "the paper's five", [0, 1, 2, 3, 4]],
  ["speed", "gathering speed", [0, 1, 5]],
  ["adaptive", "a rate for each", [6, 2, 3]],
];

/** The curvatures as a matrix: 1 across the valley, 1 / condition along it, turned by degrees. */
export function curvature(condition, degrees) {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const flat = 1 / condition;
  // the valley runs along (c, s)
  return [flat * c * c + s * s, (flat - 1) * c * s, flat * s * s + c * c];
}

/** Points [x, y] of `steps` steps from a start, by Keras's rules. */
export function descend(rule, [a, b, c], start, steps, { rate, momentum, length }) {
  let [x, y] = start;
  const points = [[x, y]];
  const first = [0, 0]; // the memories of the two parameters
  const second = [0, 0];
  let product = 1; // of Nadam's growing shares
  for (let t = 1; t <= steps; t++) {
    const gradient = [a * x + b * y, b * x + c * y];
    const share = 0.9 * (1 - 0.5 * 0.96 ** t);
    const next = 0.9 * (1 - 0.5 * 0.96 ** (t + 1));
    product *= share;
    const change = gradient.map((g, i) => {
      if (rule === "descent") return -rate * g;
      if (rule === "momentum" || rule === "nesterov") {
        first[i] = momentum * first[i] - rate * g;
        return rule === "momentum" ? first[i] : momentum * first[i] - rate * g;
      }
      if (rule === "adagrad") {
        second[i] += g * g;
        return (-length * g) / Math.sqrt(second[i] + 1e-7);
      }
      const decay = rule === "rmsprop" ? 0.9 : 0.999;
      second[i] = decay * second[i] + (1 - decay) * g * g;
      if (rule === "rmsprop") return (-length * g) / Math.sqrt(second[i] + 1e-7);
      first[i] = 0.9 * first[i] + 0.1 * g;
      if (rule === "adam") {
        const corrected = (length * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
        return (-corrected * first[i]) / (Math.sqrt(second[i]) + 1e-7);
      }
      const mean = (next * first[i]) / (1 - product * next) + ((1 - share) * g) / (1 - product);
      return (-length * mean) / (Math.sqrt(second[i] / (1 - 0.999 ** t)) + 1e-7);
    });
    x += change[0];
    y += change[1];
    points.push([x, y]);
  }
  return points;
}

export const loss = ([a, b, c], [x, y]) => (a * x * x + 2 * b * x * y + c * y * y) / 2;

/**
 * The share of the error that a step leaves in the long run, along a direction of some curvature:
 * the larger root of r² - sum · r + product, which for Nesterov's momentum looks `ahead`.
 */
export function left(curvature, rate, momentum, ahead = false) {
  const own = 1 - rate * curvature; // what gradient descent leaves
  const sum = ahead ? (1 + momentum) * own : momentum + own;
  const product = ahead ? momentum * own : momentum;
  const inside = sum * sum - 4 * product;
  return inside < 0 ? Math.sqrt(product) : (Math.abs(sum) + Math.sqrt(inside)) / 2;
}

const dot = ([x, y]) => `M${x.toFixed(2)} ${y.toFixed(2)}h0`;
const two = (x) => (x < 10 ? x.toPrecision(2) : x.toFixed(0)); // digits
const per = (x) => `${(100 * x).toFixed(x > 0.98 && x < 1 ? 1 : 0)}\u00a0%`;

function render(context) {
  const frame = figure(context, update);
  let start = frame.data.start.slice();
  let playing = 0;

  frame.controls.style.setProperty("--least", "10rem");
  const log = { min: -2.5, max: 0.7, step: 0.05 };
  const ten = (x) => 10 ** x;
  const rate = slider(frame, {
    label: "η: GD, momentum",
    ...log,
    value: -0.5,
    text: (x) => two(ten(x)),
  });
  const length = slider(frame, {
    label: "η: adaptive rules",
    ...log,
    max: 0,
    value: -1,
    text: (x) => two(ten(x)),
  });
  const beta = slider(frame, {
    label: "Momentum β",
    min: 0,
    max: 0.98,
    step: 0.01,
    value: 0.9,
    text: (x) => x.toFixed(2),
  });
  const condition = slider(frame, {
    label: "Condition κ",
    min: 0,
    max: 3,
    step: 0.05,
    value: 2,
    text: (x) => two(ten(x)),
  });
  const turned = slider(frame, {
    label: "Turned by",
    min: 0,
    max: 90,
    step: 1,
    value: 30,
    text: (x) => `${x}°`,
  });
  const step = slider(frame, { label: "Step", min: 0, max: STEPS, value: 60 });
  const play = button(frame, { label: "Play" }, () => (playing ? pause() : begin()));
  frame.controls.append(html("div", { class: "pair" }, step.element, play));
  const race = choice(frame, {
    label: "Who races",
    options: RACES.map(([name, text]) => [name, text]),
    value: RACES[0][0],
  });
  race.element.classList.add("wide");

  function begin() {
    play.textContent = "Pause";
    if (step.value >= STEPS) step.set(0);
    let last = performance.now();
    const go = (now) => {
      if (now - last > 50) {
        last = now;
        step.set(step.value + 1);
      }
      if (step.value >= STEPS) pause();
      else playing = requestAnimationFrame(go);
    };
    playing = requestAnimationFrame(go);
  }
  function pause() {
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = "Play";
  }

  const keys = html("div", { class: "over", style: "grid-column: 1 / -1" });
  frame.stage.append(keys);
  const told = [{ ...RULES[0], text: "gradient descent (GD)" }, ...RULES.slice(1)];
  RACES.forEach(([, , runners]) => key({ stage: keys }, runners.map((i) => told[i])));
  frame.stage.style.setProperty("--least", "17rem");
  const map = plot(frame, {
    width: 340,
    height: 336,
    title: "The valley: drag the start",
    x: { domain: [-EDGE, EDGE], ticks: [-2, 0, 2], label: "first parameter" },
    y: { domain: [-EDGE, EDGE], ticks: [-2, 0, 2], label: "second parameter" },
    margin: { left: 40, bottom: 36, top: 6, right: 6 },
  });
  const column = html("div", { class: "column" });
  frame.stage.append(column);
  const beside = { ...frame, stage: column };
  const chart = plot(beside, {
    width: 340,
    height: 162,
    title: "Loss",
    x: { domain: [0, STEPS], ticks: [0, 25, 50, 75, 100], label: "step" },
    y: { domain: [-6, 1], ticks: [-6, -4, -2, 0], text: power },
    margin: { right: 70 },
  });
  const rates = plot(beside, {
    width: 340,
    height: 162,
    title: "Error left by a step, in the long run",
    x: { domain: [-3.5, 0.15], ticks: [-3, -2, -1, 0], text: power, label: "curvature" },
    y: { domain: [0, 1.2], ticks: [0, 0.5, 1] },
  });

  const contours = svg("g");
  const directions = svg("g");
  map.marks.append(contours, directions);
  const path = ({ class: colour }) => svg("path", { class: `curve ${colour}` });
  const sign = ({ class: colour, dot }) =>
    svg("path", { class: `mark ${colour.split(" ")[0]}`, d: mark(dot, 5) });
  const paths = RULES.map(path);
  const curves = RULES.map(path);
  const signs = RULES.map(sign);
  const now = svg("line", {
    class: "grid",
    y1: chart.inside.y,
    y2: chart.inside.y + chart.inside.height,
  });
  const feet = svg("path", { class: "feet ink" }); // the steps of gradient descent
  const ordered = (drawn) => ORDER.map((i) => drawn[i]);
  map.marks.append(...ordered(paths), feet, ...ordered(signs));
  const heights = RULES.map(sign);
  chart.marks.append(now, ...ordered(curves), ...ordered(heights));
  const names = RULES.map((rule) =>
    svg("text", {
      x: chart.inside.x + chart.inside.width + 6,
      style: `fill: var(--${rule.class.split(" ")[0]})`,
      text: rule.short,
    }),
  );
  chart.svg.append(...names);
  const pair = [0, 1, 5].map((i) => RULES[i]); // whose share is known
  const shares = pair.map(path);
  const spots = pair.flatMap((rule) => [sign(rule), sign(rule)]);
  const flat = svg("line", {
    class: "grid",
    y1: rates.inside.y,
    y2: rates.inside.y + rates.inside.height,
  });
  rates.marks.append(flat, ...shares, ...spots);
  const low = rates.inside.y + rates.inside.height - 6;
  const along = svg("text", { class: "name", y: low, text: "along" });
  const across = { class: "name", x: rates.x(0) - 5, y: low, "text-anchor": "end", text: "across" };
  rates.marks.append(along, svg("text", across));
  const unit = map.inside.width / (2 * EDGE);

  const begins = handle(frame, map.svg, {
    label: "Start",
    at: () => [map.x(start[0]), map.y(start[1])],
    move: ([x, y]) => {
      const inside = (v) => Math.min(EDGE, Math.max(-EDGE, v));
      start = [inside(map.x.inverse(x)), inside(map.y.inverse(y))];
    },
    words: () => `${start[0].toFixed(1)}, ${start[1].toFixed(1)}`,
  });

  const depth = (value) => within(chart.y(Math.log10(Math.max(value, 1e-12))));

  function update() {
    const kappa = ten(condition.value);
    const setting = { rate: ten(rate.value), momentum: beta.value, length: ten(length.value) };
    const bowl = curvature(kappa, turned.value);
    const ways = RULES.map(({ name }) => descend(name, bowl, start, STEPS, setting));
    const losses = ways.map((points) => points.map((point) => loss(bowl, point)));
    const [x0, y0] = [map.x(0), map.y(0)];
    const turn = `translate(${x0} ${y0}) rotate(${-turned.value})`;
    const radii = [0.003, 0.03, 0.1, 0.3, 1, 2.5].map((level) => unit * Math.sqrt(2 * level));
    contours.replaceChildren(
      ...radii.map((r) =>
        svg("ellipse", {
          class: "curve contour",
          rx: r * Math.sqrt(kappa),
          ry: r,
          transform: turn,
        }),
      ),
    );
    const far = 2 * EDGE * unit;
    directions.replaceChildren(
      svg("path", {
        class: "curve contour dotted",
        d: `M${-far} 0H${far}M0 ${-far}V${far}`,
        transform: turn,
      }),
    );
    ways.forEach((points, i) => {
      const places = points.map(([x, y]) => [within(map.x(x)), within(map.y(y))]);
      set(paths[i], { d: line(places.slice(0, step.value + 1)) });
      const [x, y] = places[step.value];
      set(signs[i], { transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})` });
      set(curves[i], { d: line(losses[i].map((value, t) => [chart.x(t), depth(value)])) });
      const height = depth(losses[i][step.value]).toFixed(2);
      set(heights[i], { transform: `translate(${chart.x(step.value).toFixed(2)} ${height})` });
      if (i === 0) set(feet, { d: places.slice(0, step.value + 1).map(dot).join("") });
    });
    const runners = RACES.find(([name]) => name === race.value)[2];
    const runs = (i) => ({ display: runners.includes(i) ? "inline" : "none" });
    RULES.forEach((_, i) => {
      for (const part of [paths, signs, curves, heights, names]) set(part[i], runs(i));
    });
    set(feet, runs(0));
    RACES.forEach(([name], i) => {
      keys.children[i].style.visibility = name === race.value ? "visible" : "hidden";
    });
    const ends = runners.map((i) => depth(losses[i].at(-1)));
    const inside = [chart.inside.y + 4, chart.inside.y + chart.inside.height];
    apart(ends, 13, inside).forEach((y, i) => set(names[runners[i]], { y: y + 4 }));
    set(now, { x1: chart.x(step.value), x2: chart.x(step.value) });

    const grid = Array.from({ length: 106 }, (_, i) => -3.5 + i / 30);
    const share = [0, beta.value, beta.value].map((m, i) => (x) => left(x, setting.rate, m, i === 2));
    const eigen = share.map((leaves) => [leaves(1 / kappa), leaves(1)]);
    share.forEach((leaves, i) => {
      const at = (x) => [rates.x(Math.log10(x)), within(rates.y(leaves(x)))];
      const seen = i === 2 ? runs(5) : {};
      set(shares[i], { ...seen, d: line(grid.map((x) => at(ten(x)))) });
      [1 / kappa, 1].forEach((value, j) => {
        const [x, y] = at(value);
        set(spots[2 * i + j], { ...seen, transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})` });
      });
    });
    const least = rates.x(-condition.value);
    set(flat, { x1: least, x2: least });
    set(along, { x: least - 5, "text-anchor": "end" });
    begins.show();

    const swinging = race.value === "speed" ? [1, 2] : [1];
    const leaves = swinging.map(
      (i) => `${i === 1 ? "A step of momentum" : "One of Nesterov's"} leaves ${per(eigen[i][0])} and ${per(eigen[i][1])}`,
    );
    const wild = [0, ...swinging].filter((i) => Math.max(...eigen[i]) >= 1).map((i) => pair[i].text);
    const away = wild.length ? ` Too large a rate: ${wild.join(" and ")} runs away.` : "";
    const shared =
      race.value === "adaptive"
        ? ""
        : `In the long run a step of gradient descent leaves ${per(eigen[0][0])} of the error along the ` +
          `valley and ${per(eigen[0][1])} across. ${leaves.join(". ")}, on average over its swings.${away} `;
    const here = runners.map((i) => losses[i][step.value]);
    const best = here.indexOf(Math.min(...here));
    return {
      words:
        `${shared}After ${step.value} step${step.value === 1 ? "" : "s"} ` +
        `${RULES[runners[best]].text} has the lowest loss, ${here[best].toPrecision(2)}.`,
      values: {
        ...setting,
        bowl,
        start,
        step: step.value,
        eigen,
        losses,
        paths: Object.fromEntries(RULES.map(({ name }, i) => [name, ways[i]])),
      },
    };
  }

  frame.paint();
  return () => {
    pause();
    frame.stop();
  };
}

export default { render };
