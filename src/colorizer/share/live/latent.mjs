// A plane through three codes: what the decoder draws there, and a cross-fade of what it draws of
// the three. The decoder is too large for a page; its pictures were made beforehand on a grid.
import { bytes, clamp, drawing, figure, handle, html, picture, svg } from "./kit.mjs";

export const height = { narrow: 644, wide: 631 };

const SIZE = 260; // of the plane
const EDGE = 34; // around it, for the pictures at its corners
const GAIN = 2; // of the difference that is shown

/** Numbers between the pictures of a grid, n × n, each of some length; places are in [0, 1]. */
export function between(grid, n, length, across, down) {
  const [x, y] = [across * (n - 1), down * (n - 1)];
  const [j, i] = [Math.min(Math.floor(x), n - 2), Math.min(Math.floor(y), n - 2)];
  const [u, v] = [x - j, y - i];
  const at = (row, column) => (row * n + column) * length;
  const [a, b, c, d] = [at(i, j), at(i, j + 1), at(i + 1, j), at(i + 1, j + 1)];
  const out = new Float64Array(length);
  for (let k = 0; k < length; k++) {
    const upper = (1 - u) * grid[a + k] + u * grid[b + k];
    const lower = (1 - u) * grid[c + k] + u * grid[d + k];
    out[k] = (1 - v) * upper + v * lower;
  }
  return out;
}

/** The picture of the corner, and of it and the two others as much as their codes have. */
export function crossFade(corner, right, below, across, down) {
  return Float64Array.from(corner, (value, k) =>
    clamp(value + across * (right[k] - value) + down * (below[k] - value), 0, 255),
  );
}

function render(context) {
  const frame = figure(context, update);
  const { side, n, names } = frame.data;
  const length = 3 * side * side;
  const grid = bytes(frame.data.pictures);
  const of = (row, column) => grid.subarray((row * n + column) * length, (row * n + column + 1) * length);
  const [corner, right, below] = [of(0, 0), of(0, n - 1), of(n - 1, 0)];
  let at = frame.data.at.slice();

  const whole = SIZE + 2 * EDGE;
  const plane = drawing(frame, { width: whole, height: whole, title: "Drag in a plane of codes" });
  const place = ([x, y]) => [EDGE + SIZE * x, EDGE + SIZE * y];
  plane.append(
    svg("rect", { x: EDGE, y: EDGE, width: SIZE, height: SIZE, rx: 4, style: "fill: var(--raised); stroke: var(--line)" }),
  );
  for (let i = 1; i < 4; i++) {
    const there = EDGE + (SIZE * i) / 4;
    plane.append(
      svg("line", { class: "grid", x1: there, x2: there, y1: EDGE, y2: EDGE + SIZE }),
      svg("line", { class: "grid", y1: there, y2: there, x1: EDGE, x2: EDGE + SIZE }),
    );
  }
  const thumb = (rgb, [x, y]) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    canvas.getContext("2d").putImageData(new ImageData(opaque(rgb), side, side), 0, 0);
    const [left, top] = place([x, y]);
    plane.append(
      svg("image", {
        href: canvas.toDataURL(), x: left - EDGE, y: top - EDGE, width: 2 * EDGE, height: 2 * EDGE,
        style: "image-rendering: pixelated",
      }),
    );
  };
  thumb(corner, [0, 0]);
  thumb(right, [1, 0]);
  thumb(below, [0, 1]);
  thumb(of(n - 1, n - 1), [1, 1]);
  handle(frame, plane, {
    label: "Code",
    at: () => place(at),
    move: ([x, y]) => {
      at = [x, y].map((v) => clamp((v - EDGE) / SIZE, 0, 1));
    },
    words: () => `${Math.round(100 * at[0])}\u00a0% of the way to the right, ${Math.round(100 * at[1])}\u00a0% down`,
    step: SIZE / 24,
    anywhere: true,
  });

  frame.stage.style.setProperty("--least", "16rem");
  const trio = html("div", { class: "trio" });
  const options = { width: side, height: side };
  const decoded = picture(frame, { ...options, title: "Decoded", label: "The decoded picture" });
  const faded = picture(frame, { ...options, title: "Mixed", label: "The cross-fade" });
  const apart = picture(frame, { ...options, title: `Apart × ${GAIN}`, label: "The difference" });
  for (const each of [decoded, faded, apart]) trio.append(each.canvas.closest(".part"));
  frame.stage.append(trio);

  function update() {
    const drawn = between(grid, n, length, ...at);
    const mixed = crossFade(corner, right, below, ...at);
    decoded.put(opaque(drawn));
    faded.put(opaque(mixed));
    let [squared, far] = [0, 0];
    const shown = drawn.map((value, k) => {
      squared += (value - mixed[k]) ** 2;
      return 127.5 + GAIN * (value - mixed[k]);
    });
    for (let k = 0; k < length; k++) far += (right[k] - below[k]) ** 2;
    apart.put(opaque(shown));
    const share = Math.sqrt(squared / far);
    const [x, y] = at.map((v) => Math.round(100 * v));
    return {
      words:
        `From ${names[0]}, the code goes ${x}\u00a0% of the way to ${names[1]} and ${y}\u00a0% of the way to ` +
        `${names[2]}. What is decoded there differs from the mixed picture by ${Math.round(100 * share)}\u00a0% of ` +
        `what ${names[1]} differs from ${names[2]}.`,
      values: { at, drawn: Array.from(drawn), mixed: Array.from(mixed), share },
    };
  }

  frame.paint();
  return frame.stop;
}

/** Numbers in [0, 255], three a pixel, as bytes for a canvas. */
function opaque(rgb) {
  const rgba = new Uint8ClampedArray((4 * rgb.length) / 3).fill(255);
  for (let i = 0; i < rgb.length / 3; i++) {
    for (let k = 0; k < 3; k++) rgba[4 * i + k] = rgb[3 * i + k];
  }
  return rgba;
}

export default { render };
