// Two or three colours that a gray patch could have, and what each loss makes of them.
import { clamp, drawing, figure, handle, picture, set, slider, svg } from "./kit.mjs";

export const height = { narrow: 920, wide: 484 };

const WEIGHTS = [0.299, 0.587, 0.114]; // ITU-R BT.601
const SIZE = 240; // pixels of the plane
const [CROSS, SQUARE] = ["M-6 -6L6 6M-6 6L6 -6", "M-9 -9H9V9H-9Z"]; // the marks of mean and median
const LETTERS = ["A", "B", "C"];
const TIE = 1e-9;
const SMALL = "font-size: 10px"; // of 240, on a drawing as wide as others of 340
const OUTLINED = "fill: #fff; paint-order: stroke; stroke: #14181e; stroke-width: 3px; stroke-linejoin: round";

/** The colour of a luminance and a chroma (R - Y, B - Y). */
export function colour(gray, [red, blue]) {
  return [gray + red, gray - (WEIGHTS[0] * red + WEIGHTS[2] * blue) / WEIGHTS[1], gray + blue];
}

export const luminance = (c) => WEIGHTS.reduce((y, w, i) => y + w * c[i], 0);

/** The mean of colours with shares, which add up to 1. */
export const mean = (colours, shares) =>
  [0, 1, 2].map((k) => colours.reduce((total, c, i) => total + shares[i] * c[k], 0));

/** For each channel the interval of its medians: a point, unless one half lies on either side. */
export function medians(colours, shares) {
  return [0, 1, 2].map((k) => {
    const order = colours.map((_, i) => i).filter((i) => shares[i] > 0);
    order.sort((i, j) => colours[i][k] - colours[j][k]);
    let below = 0;
    let low = null;
    for (const i of order) {
      below += shares[i];
      if (low === null && below >= 0.5 - TIE) low = colours[i][k];
      if (below > 0.5 + TIE) return [low, colours[i][k]];
    }
    return [low, low];
  });
}

/** The colour with the largest share, the first of equal ones. */
export const mode = (colours, shares) => colours[shares.indexOf(Math.max(...shares))];

/** How far a colour lies from gray: the length of what is left without the mean of its channels. */
export function saturation(c) {
  const middle = (c[0] + c[1] + c[2]) / 3;
  return Math.hypot(...c.map((x) => x - middle));
}

const css = (c) => `rgb(${c.map((x) => Math.round(255 * clamp(x, 0, 1))).join(", ")})`;
const inside = (c) => c.every((x) => x >= 0 && x <= 1);
const two = (x) => x.toFixed(2);

function render(context) {
  const frame = figure(context, update);
  const { gray, modes } = frame.data;
  const places = modes.map((mode) => mode.chroma.slice());
  // a little more room than the plane's colours need
  const [low, high] = [-gray - 0.05, Math.min(1 - gray, (gray * WEIGHTS[1]) / WEIGHTS[0] + 0.35) + 0.05];
  const unit = SIZE / (high - low);
  const at = ([red, blue]) => [(red - low) * unit, (high - blue) * unit];
  const back = ([x, y]) => [low + x / unit, high - y / unit];

  frame.controls.style.setProperty("--least", "9.5rem");
  const weights = modes.map((mode, i) =>
    slider(frame, {
      label: `Weight of ${LETTERS[i]}`, min: 0, max: 10, value: mode.weight,
      text: (value) => `${value}`,
    }),
  );

  const plane = picture(frame, {
    width: SIZE, height: SIZE, title: "Drag A, B and C: all of one gray", label: "The colours of one gray",
  });
  plane.canvas.style.imageRendering = "auto";
  const rgba = new Uint8ClampedArray(4 * SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      const c = colour(gray, back([j + 0.5, i + 0.5]));
      rgba.set([...c.map((x) => 255 * x), inside(c) ? 255 : 0], 4 * (i * SIZE + j));
    }
  }
  plane.put(rgba);
  const [grayX, grayY] = at([0, 0]);
  plane.over.append(
    svg("text", { x: SIZE, y: SIZE - 1, "text-anchor": "end", class: "name", style: SMALL, text: "more red →" }),
    svg("text", {
      transform: "translate(8 0) rotate(-90)", "text-anchor": "end", class: "name", style: SMALL, text: "more blue →",
    }),
    svg("circle", { cx: grayX, cy: grayY, r: 4, fill: css([gray, gray, gray]), style: "stroke: #fff; stroke-width: 1.5" }),
    svg("text", { x: grayX + 8, y: grayY + 4, style: `${SMALL}; ${OUTLINED}`, text: "gray" }),
  );
  const pull = svg("path", { class: "curve", style: "stroke: #fff; stroke-width: 1.5; stroke-dasharray: 3 3" });
  plane.over.append(pull);
  const marker = (shape) =>
    svg("g", {}, svg("path", { d: shape, style: "stroke: #14181e; stroke-width: 6; fill: none" }),
      svg("path", { d: shape, style: "stroke: #fff; stroke-width: 2.5; fill: none" }));
  const marks = { mean: marker(CROSS), median: marker(SQUARE) };
  const knobs = modes.map((_, i) => {
    const knob = svg("circle", { r: 12, style: "stroke: #fff; stroke-width: 2" });
    const shape = svg("g", {}, knob, svg("text", {
      y: 4.5, "text-anchor": "middle", style: `${OUTLINED}; font-weight: 600`, text: LETTERS[i],
    }));
    handle(frame, plane.over, {
      label: `Colour ${LETTERS[i]}`,
      at: () => at(places[i]),
      move: (point) => {
        places[i] = held(back(point));
      },
      words: () => {
        const c = colour(gray, places[i]).map((x) => Math.round(255 * x));
        return `red ${c[0]}, green ${c[1]}, blue ${c[2]}`;
      },
      step: 4,
      reach: 18,
      shape,
    });
    return shape;
  });
  plane.over.append(marks.median, marks.mean);
  for (const mark of Object.values(marks)) mark.style.pointerEvents = "none";

  /** The nearest chroma towards gray that is still a colour. */
  function held([red, blue]) {
    for (let share = 1; share > 0; share -= 0.01) {
      const chroma = [share * red, share * blue];
      if (inside(colour(gray, chroma))) return chroma;
    }
    return [0, 0];
  }

  const board = drawing(frame, { width: 340, height: 300, title: "What each would paint" });
  const rows = ["A, B and C themselves", "squared error, cross-entropy", "absolute error", "the most frequent one"].map(
    (name, i) => {
      const text = svg("text", { x: 104, y: 76 * i + 30, text: name });
      const told = svg("text", { class: "name", x: 104, y: 76 * i + 48 });
      const patches = (i ? [0] : [0, 1, 2]).map(() => svg("rect", { y: 76 * i + 4, height: 60 }));
      const sign = [null, CROSS, SQUARE][i];
      const shown = sign ? [set(marker(sign), { transform: `translate(45 ${76 * i + 34})` })] : [];
      board.append(...patches, ...shown, text, told);
      return { patches, told };
    },
  );

  function update() {
    const total = weights.reduce((sum, weight) => sum + weight.value, 0);
    const shares = weights.map((weight) => (total ? weight.value / total : 1 / weights.length));
    const colours = places.map((chroma) => colour(gray, chroma));
    const between = medians(colours, shares);
    const answers = {
      mean: mean(colours, shares),
      median: between.map(([a, b]) => (a + b) / 2),
      mode: mode(colours, shares),
    };
    const undecided = between.some(([a, b]) => b - a > 1e-6);
    const own = luminance(answers.median);
    colours.forEach((c, i) => {
      set(knobs[i].firstChild, { fill: css(c), opacity: shares[i] ? 1 : 0.4 });
    });
    const placed = {
      mean: at([answers.mean[0] - gray, answers.mean[2] - gray]),
      median: at([answers.median[0] - own, answers.median[2] - own]),
    };
    for (const [name, [x, y]] of Object.entries(placed)) set(marks[name], { transform: `translate(${x} ${y})` });
    set(pull, {
      d: places.filter((_, i) => shares[i]).map((p) => `M${placed.mean.join(" ")}L${at(p).join(" ")}`).join(""),
    });
    let left = 0;
    rows[0].patches.forEach((patch, i) => {
      set(patch, { x: left, width: 90 * shares[i], fill: css(colours[i]) });
      left += 90 * shares[i];
    });
    ["mean", "median", "mode"].forEach((name, i) =>
      set(rows[i + 1].patches[0], { x: 0, width: 90, fill: css(answers[name]) }),
    );
    const typical = colours.reduce((sum, c, i) => sum + shares[i] * saturation(c), 0);
    rows[0].told.textContent = shares.map((s, i) => `${LETTERS[i]} ${Math.round(100 * s)}\u00a0%`).join(", ");
    rows[1].told.textContent = "the mean";
    rows[2].told.textContent = undecided ? "a median; any between is as good" : "the median of each channel";
    const most = shares.flatMap((share, i) => (share > Math.max(...shares) - 1e-9 ? [LETTERS[i]] : []));
    rows[3].told.textContent = most.length > 1 ? `a tie: ${most.join(" or ")}` : most[0];
    const paler = `The mean's saturation is ${two(saturation(answers.mean))}; the colours' own is ${two(typical)} on average.`;
    const same = colours.findIndex((c, i) => shares[i] && c.every((x, k) => Math.abs(x - answers.median[k]) < 1e-6));
    const median = undecided
      ? "Half of the weight lies on either side, so the median is not one colour."
      : same >= 0
        ? `The median is ${LETTERS[same]}.`
        : `The median takes channels of different colours: its gray is ${two(own)}, theirs ${two(gray)}.`;
    return {
      words: `${paler} ${median}`,
      values: { shares, colours, between, ...answers, saturation: [saturation(answers.mean), typical] },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
