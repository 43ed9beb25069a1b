// A plane through three codes: what the decoder draws there, and a cross-fade of what it draws of
// the three. The decoder is too large for a page; its pictures were made beforehand on a grid.
import { bytes, clamp, drawing, figure, handle, html, percent, picture, svg } from "./kit.mjs";

export const height = { narrow: 683, wide: 601 };

const SIZE = 260; // of the plane
const EDGE = 34; // around it, for the pictures at its corners
const NAME = 18; // above and below, for their names
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

  frame.stage.classList.add("codes");
  const [width, height] = [SIZE + 2 * EDGE, SIZE + 2 * (EDGE + NAME)];
  const plane = drawing(frame, { width, height, title: "Drag in a plane of codes" });
  const place = ([x, y]) => [EDGE + SIZE * x, NAME + EDGE + SIZE * y];
  plane.append(
    svg("rect", { x: EDGE, y: NAME + EDGE, width: SIZE, height: SIZE, rx: 4, style: "fill: var(--raised); stroke: var(--line)" }),
  );
  for (let i = 1; i < 4; i++) {
    const [x, y] = place([i / 4, i / 4]);
    plane.append(
      svg("line", { class: "grid", x1: x, x2: x, y1: NAME + EDGE, y2: NAME + EDGE + SIZE }),
      svg("line", { class: "grid", y1: y, y2: y, x1: EDGE, x2: EDGE + SIZE }),
    );
  }
  const thumb = (rgb, [x, y], name) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    canvas.getContext("2d").putImageData(new ImageData(opaque(rgb), side, side), 0, 0);
    const [left, top] = place([x, y]);
    plane.append(
      svg("image", {
        href: canvas.toDataURL(), x: left - EDGE, y: top - EDGE, width: 2 * EDGE, height: 2 * EDGE,
        style: "image-rendering: pixelated",
      }),
      svg("text", {
        x: x ? left + EDGE : left - EDGE, y: y ? top + EDGE + 14 : top - EDGE - 5,
        "text-anchor": x ? "end" : "start", text: name,
      }),
    );
  };
  const [one, another, third] = names.map((name) => name.replace(/^the /, ""));
  thumb(corner, [0, 0], one);
  thumb(right, [1, 0], another);
  thumb(below, [0, 1], third);
  thumb(of(n - 1, n - 1), [1, 1], `${another} + ${third} − ${one}`);
  handle(frame, plane, {
    label: "Code",
    at: () => place(at),
    move: ([x, y]) => {
      at = [x, y - NAME].map((v) => clamp((v - EDGE) / SIZE, 0, 1));
    },
    words: () => `${Math.round(100 * at[0])}\u00a0% of the way to the right, ${Math.round(100 * at[1])}\u00a0% down`,
    step: SIZE / 24,
    anywhere: true,
  });

  const pair = html("div", { class: "both" });
  const options = { width: side, height: side };
  const decoded = picture(frame, { ...options, title: "Decoded", label: "The decoded picture" });
  const faded = picture(frame, { ...options, title: "Mixed", label: "The cross-fade" });
  const apart = picture(frame, { ...options, title: `Apart × ${GAIN}`, label: "The difference" });
  for (const each of [faded, apart]) pair.append(each.canvas.closest(".part"));
  frame.stage.append(pair, frame.words);

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
        `${names[2]}. The decoded picture differs from the mixed one by ${percent(share)} of what ` +
        `${names[1]} differs from ${names[2]}.`,
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
