// Pictures whose colour is scaled, turned and blurred, and what every metric says of them, beside
// what it says of a gray copy. The formulas are those of the package's module `metrics`.
import { bytes, clamp, drawing, figure, percent, picture, set, signed, slider, svg } from "./kit.mjs";

export const height = { narrow: 760, wide: 385 };

const WEIGHTS = [0.299, 0.587, 0.114]; // ITU-R BT.601
const FIXED = [9798, 19235, 3735]; // the same in whole numbers, as OpenCV has them
const WINDOW = 7; // of SSIM, pixels
const WORSE = 1 + 1e-6; // what rounding alone does not make
const LONGEST = 2.5; // of a bar, in gray copies

/** The gray copy of colours in [0, 1], three numbers a pixel. */
export function grayCopy(rgb) {
  const copy = new Float64Array(rgb.length);
  for (let i = 0; i < rgb.length; i += 3) {
    let total = 1 << 14;
    for (let k = 0; k < 3; k++) total += FIXED[k] * Math.round(255 * rgb[i + k]);
    copy.fill((total >> 15) / 255, i, i + 3);
  }
  return copy;
}

/** The same luminance, `factor` times the chroma; then turned about the gray axis by an angle. */
export function recolour(rgb, factor, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle) / Math.sqrt(3)];
  const same = (1 - c) / 3;
  const out = new Float64Array(rgb.length);
  for (let i = 0; i < rgb.length; i += 3) {
    const y = WEIGHTS[0] * rgb[i] + WEIGHTS[1] * rgb[i + 1] + WEIGHTS[2] * rgb[i + 2];
    const r = clamp(y + factor * (rgb[i] - y), 0, 1);
    const g = clamp(y + factor * (rgb[i + 1] - y), 0, 1);
    const b = clamp(y + factor * (rgb[i + 2] - y), 0, 1);
    const sum = same * (r + g + b);
    out[i] = clamp(c * r + sum + s * (b - g), 0, 1);
    out[i + 1] = clamp(c * g + sum + s * (r - b), 0, 1);
    out[i + 2] = clamp(c * b + sum + s * (g - r), 0, 1);
  }
  return out;
}

/** Gaussian blur of square images, each side × side, as OpenCV does it: mirrored at the edges. */
export function blur(rgb, side, width) {
  if (!width) return rgb;
  const size = Math.round(width * 8 + 1) | 1;
  const half = size >> 1;
  const kernel = Array.from({ length: size }, (_, i) => Math.exp(-((i - half) ** 2) / (2 * width * width)));
  const total = kernel.reduce((a, b) => a + b, 0);
  const mirror = (i) => {
    let at = i;
    while (at < 0 || at >= side) at = at < 0 ? -at : 2 * (side - 1) - at;
    return at;
  };
  const pass = (from, along, across) => {
    const to = new Float64Array(from.length);
    for (let image = 0; image < from.length; image += 3 * side * side) {
      for (let i = 0; i < side; i++) {
        for (let j = 0; j < side; j++) {
          for (let k = 0; k < 3; k++) {
            let sum = 0;
            for (let a = 0; a < size; a++) {
              sum += kernel[a] * from[image + across * i + along * mirror(j + a - half) + k];
            }
            to[image + across * i + along * j + k] = sum / total;
          }
        }
      }
    }
    return to;
  };
  return pass(pass(rgb, 3, 3 * side), 3 * side, 3);
}

/** sRGB in [0, 1] to CIE Lab under D65. */
export function lab(rgb) {
  const light = rgb.map((v) => (v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92));
  const out = new Float64Array(rgb.length);
  const f = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  for (let i = 0; i < rgb.length; i += 3) {
    const [r, g, b] = [light[i], light[i + 1], light[i + 2]];
    const x = f((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
    const y = f(0.212671 * r + 0.71516 * g + 0.072169 * b);
    const z = f((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
    out[i] = 116 * y - 16;
    out[i + 1] = 500 * (x - y);
    out[i + 2] = 200 * (y - z);
  }
  return out;
}

/** CIEDE2000 between the first three numbers from `i` of each (Luo, Cui & Rigg, 2001). */
export function difference(p, q, i = 0) {
  const chroma = [p, q].map((c) => Math.hypot(c[i + 1], c[i + 2]));
  const seventh = (x) => x ** 7 / (x ** 7 + 25 ** 7);
  const g = 1.5 - 0.5 * Math.sqrt(seventh((chroma[0] + chroma[1]) / 2));
  const [c1, c2] = [p, q].map((c) => Math.hypot(g * c[i + 1], c[i + 2]));
  const [h1, h2] = [p, q].map((c) => {
    const hue = Math.atan2(c[i + 2], g * c[i + 1]);
    return hue < 0 ? hue + 2 * Math.PI : hue;
  });
  const gray = c1 * c2 === 0;
  let turn = gray ? 0 : h2 - h1;
  if (turn > Math.PI) turn -= 2 * Math.PI;
  if (turn < -Math.PI) turn += 2 * Math.PI;
  let hue = h1 + h2; // of both together
  if (!gray) {
    if (Math.abs(h1 - h2) > Math.PI) hue += hue < 2 * Math.PI ? 2 * Math.PI : -2 * Math.PI;
    hue /= 2;
  }
  const l = ((p[i] + q[i]) / 2 - 50) ** 2;
  const c = (c1 + c2) / 2;
  const degree = Math.PI / 180;
  const t =
    1 - 0.17 * Math.cos(hue - 30 * degree) + 0.24 * Math.cos(2 * hue) +
    0.32 * Math.cos(3 * hue + 6 * degree) - 0.2 * Math.cos(4 * hue - 63 * degree);
  const lightness = (q[i] - p[i]) / (1 + (0.015 * l) / Math.sqrt(20 + l));
  const stronger = (c2 - c1) / (1 + 0.045 * c);
  const turned = (2 * Math.sqrt(c1 * c2) * Math.sin(turn / 2)) / (1 + 0.015 * c * t);
  const theta = 60 * degree * Math.exp(-(((hue / degree - 275) / 25) ** 2));
  const both = -Math.sin(theta) * 2 * Math.sqrt(seventh(c));
  return Math.sqrt(Math.max(lightness ** 2 + stronger ** 2 + turned ** 2 + both * stronger * turned, 0));
}

/** Structural similarity of images, side × side, mean over windows, channels and images. */
export function ssim(p, q, side) {
  const n = WINDOW * WINDOW;
  const rows = Array.from({ length: 5 }, () => new Float64Array(p.length)); // sums over a row of a window
  for (let at = 0; at < p.length - 3 * (WINDOW - 1); at++) { // some run over an edge and are not used
    let x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (let b = 0; b < WINDOW; b++) {
      const u = p[at + 3 * b];
      const v = q[at + 3 * b];
      x += u;
      y += v;
      xx += u * u;
      yy += v * v;
      xy += u * v;
    }
    rows[0][at] = x;
    rows[1][at] = y;
    rows[2][at] = xx;
    rows[3][at] = yy;
    rows[4][at] = xy;
  }
  let [total, count] = [0, 0];
  for (let image = 0; image < p.length; image += 3 * side * side) {
    for (let i = 0; i <= side - WINDOW; i++) {
      for (let j = 0; j <= side - WINDOW; j++) {
        for (let k = 0; k < 3; k++) {
          let x = 0, y = 0, xx = 0, yy = 0, xy = 0;
          for (let a = 0; a < WINDOW; a++) {
            const at = image + 3 * ((i + a) * side + j) + k;
            x += rows[0][at];
            y += rows[1][at];
            xx += rows[2][at];
            yy += rows[3][at];
            xy += rows[4][at];
          }
          x /= n;
          y /= n;
          const of = (sum, product) => (sum - n * product) / (n - 1);
          total +=
            ((2 * x * y + 1e-4) * (2 * of(xy, x * y) + 9e-4)) /
            ((x * x + y * y + 1e-4) * (of(xx, x * x) + of(yy, y * y) + 9e-4));
          count += 1;
        }
      }
    }
  }
  return total / count;
}

/** Colorfulness (Hasler & Suesstrunk, 2003) on the scale 0-255, mean over images of some numbers. */
export function colorfulness(rgb, length) {
  let total = 0;
  for (let image = 0; image < rgb.length; image += length) {
    let [a, b, aa, bb] = [0, 0, 0, 0];
    for (let i = image; i < image + length; i += 3) {
      const rg = 255 * (rgb[i] - rgb[i + 1]);
      const yb = 255 * ((rgb[i] + rgb[i + 1]) / 2 - rgb[i + 2]);
      a += rg;
      b += yb;
      aa += rg * rg;
      bb += yb * yb;
    }
    const n = length / 3;
    const variance = (aa + bb) / n - (a * a + b * b) / (n * n);
    total += Math.sqrt(Math.max(variance, 0)) + 0.3 * (Math.hypot(a, b) / n);
  }
  return (total * length) / rgb.length;
}

const largest = (c, i) => (c[i] >= c[i + 1] && c[i] >= c[i + 2] ? 0 : c[i + 1] >= c[i + 2] ? 1 : 2);

/** All scores of pictures against the truth, under the names of the package. */
export function evaluate(rgb, truth, side, truthInLab = lab(truth)) {
  const [p, q] = [lab(rgb), truthInLab];
  const pixels = rgb.length / 3;
  let [squared, absolute, seen, ab, same] = [0, 0, 0, 0, 0];
  for (let i = 0; i < rgb.length; i += 3) {
    for (let k = 0; k < 3; k++) {
      squared += (rgb[i + k] - truth[i + k]) ** 2;
      absolute += Math.abs(rgb[i + k] - truth[i + k]);
    }
    seen += difference(p, q, i);
    ab += (p[i + 1] - q[i + 1]) ** 2 + (p[i + 2] - q[i + 2]) ** 2;
    same += largest(rgb, i) === largest(truth, i);
  }
  const length = 3 * side * side;
  return {
    mse: squared / rgb.length,
    mae: absolute / rgb.length,
    ssim: ssim(rgb, truth, side),
    ciede2000: seen / pixels,
    ab_rmse: Math.sqrt(ab / (2 * pixels)),
    colorfulness_ratio: colorfulness(rgb, length) / colorfulness(truth, length),
    channel_argmax_accuracy: same / pixels,
  };
}

const listed = (names) => names.join(", ").replace(/, ([^,]*)$/, " and $1");

const METRICS = [ // name, label, how it is written, and how bad a value is
  ["mse", "MSE", (x) => x.toFixed(4), (x) => x],
  ["mae", "MAE", (x) => x.toFixed(3), (x) => x],
  ["ciede2000", "CIEDE2000", (x) => x.toFixed(1), (x) => x],
  ["ab_rmse", "ab-RMSE", (x) => x.toFixed(1), (x) => x],
  ["ssim", "SSIM", (x) => x.toFixed(3), (x) => 1 - x],
  ["colorfulness_ratio", "colorfulness", percent, (x) => Math.abs(1 - x)],
  ["channel_argmax_accuracy", "accuracy", percent, (x) => 1 - x],
];

function render(context) {
  const frame = figure(context, update);
  const { side } = frame.data;
  const truth = Float64Array.from(bytes(frame.data.photographs), (x) => x / 255);
  const count = truth.length / (3 * side * side);
  const truthInLab = lab(truth);
  const floor = evaluate(grayCopy(truth), truth, side, truthInLab);

  frame.controls.style.setProperty("--least", "9.5rem");
  const factor = slider(frame, {
    label: "Colour", min: 0, max: 2, step: 0.01, value: 0.02, text: percent,
  });
  const hue = slider(frame, {
    label: "Hue turned by", min: -180, max: 180, value: 0, text: (x) => `${signed(x)}°`,
  });
  const width = slider(frame, {
    label: "Blur", min: 0, max: 3, step: 0.1, value: 0, text: (x) => (x ? `${x.toFixed(1)} pixels` : "none"),
  });

  const shown = picture(frame, {
    width: count * side, height: 2 * side, title: "The truth, and below it what is scored",
    label: "Photographs, and below them the same with their colours changed",
  });
  const rgba = new Uint8ClampedArray(8 * count * side * side);
  const lay = (rgb, first) => {
    for (let image = 0; image < count; image++) {
      for (let i = 0; i < side * side; i++) {
        const from = 3 * (image * side * side + i);
        const to = (first + Math.floor(i / side)) * count * side + image * side + (i % side);
        for (let k = 0; k < 3; k++) rgba[4 * to + k] = 255 * rgb[from + k];
        rgba[4 * to + 3] = 255;
      }
    }
  };
  lay(truth, 0);

  const [left, right, row] = [96, 276, 30];
  const board = drawing(frame, {
    width: 340, height: 30 + row * METRICS.length, title: "How far off each metric says that is",
  });
  const unit = (right - left) / LONGEST;
  const line = { x1: left + unit, x2: left + unit, y1: 18, y2: 30 + row * METRICS.length };
  board.append(
    svg("line", { class: "grid", x1: left, x2: left, y1: 18, y2: line.y2 }),
    svg("text", { class: "name", x: left + unit, y: 12, "text-anchor": "middle", text: "a gray copy" }),
  );
  const bars = METRICS.map(([, label], i) => {
    const y = 30 + row * i;
    const bar = svg("rect", { x: left, y, height: 18, rx: 2 });
    const value = svg("text", { x: 340, y: y + 14, "text-anchor": "end" });
    board.append(svg("text", { x: left - 6, y: y + 14, "text-anchor": "end", text: label }), bar, value);
    return { bar, value };
  });
  board.append(svg("line", { ...line, style: "stroke: var(--ink); stroke-width: 2; stroke-dasharray: 5 3" }));

  function update() {
    const changed = blur(recolour(truth, factor.value, (hue.value * Math.PI) / 180), side, width.value);
    lay(changed, side);
    shown.put(rgba, count * side, 2 * side);
    const scores = evaluate(changed, truth, side, truthInLab);
    const harm = {};
    METRICS.forEach(([name, , text, bad], i) => {
      harm[name] = bad(scores[name]) / bad(floor[name]);
      const worse = harm[name] > WORSE;
      set(bars[i].bar, {
        width: unit * Math.min(harm[name], LONGEST) + 1,
        style: `fill: var(${worse ? "--orange" : "--blue"})`,
      });
      bars[i].value.textContent = `${text(scores[name])}${harm[name] > LONGEST ? " →" : ""}`;
    });
    const beaten = METRICS.filter(([name]) => harm[name] > WORSE).map(([, label]) => label);
    const said =
      beaten.length === 0
        ? "No metric calls these pictures worse than a gray copy."
        : beaten.length === METRICS.length
          ? "Every metric calls these pictures worse than a gray copy."
          : `${listed(beaten)} call${beaten.length === 1 ? "s" : ""} these pictures worse than a gray copy.`;
    const [right, gray] = [scores, floor].map((each) => percent(each.channel_argmax_accuracy));
    const [error, grays] = [scores, floor].map((each) => each.mse.toFixed(4));
    return {
      words: `${said} The accuracy is ${right}, and a gray copy's ${gray}. The MSE is ${error}, and a gray copy's ${grays}.`,
      values: { scores, floor, harm, changed: Array.from(changed) },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
