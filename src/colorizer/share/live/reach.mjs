// Cover a square of a gray picture, and see where the U-Net's colours change.
//
// Until it is touched the figure shows pictures made beforehand, for some places of the square. With
// the first touch it fetches the network and what runs it, the playground's own, where the page
// stands beside them: then every place is computed. Elsewhere, in JupyterLab say, they are not there.
import { bytes, choice, clamp, figure, handle, html, percent, picture, set, svg } from "./kit.mjs";

export const height = { narrow: 610, wide: 337 };

const WEIGHTS = [0.299, 0.587, 0.114]; // ITU-R BT.601
const SQUARE = 8; // pixels, the side of what is covered
const STEPS = 160; // of a byte, for a chroma of 1
const BRIGHTEST = 0.25; // a change of the chroma
const GLOW = [1, 0.72, 0.35];
const PARTS = ["worker", "runtime", "wasm", "unet"];

/** How strongly the chroma changes at each pixel: the length of the change of (R - Y, B - Y). */
export function change(chroma, whole) {
  const out = new Float64Array(chroma.length / 2);
  for (let i = 0; i < out.length; i++) {
    out[i] = Math.hypot(chroma[2 * i] - whole[2 * i], chroma[2 * i + 1] - whole[2 * i + 1]);
  }
  return out;
}

/** The size of all change, and of that outside of the square, as shares of the size of the chroma. */
export function sizes(changes, whole, side, [column, row]) {
  let [all, outside] = [0, 0];
  changes.forEach((d, i) => {
    const [x, y] = [(i % side) - column, Math.floor(i / side) - row];
    const covered = x >= 0 && x < SQUARE && y >= 0 && y < SQUARE;
    all += d * d;
    if (!covered) outside += d * d;
  });
  const own = whole.reduce((sum, c) => sum + c * c, 0);
  return [all, outside].map((sum) => Math.sqrt(sum / own));
}

/** Bytes of chroma at half the size, as numbers at the full one. */
export function enlarged(packed, side) {
  const half = side / 2;
  const out = new Float64Array(2 * side * side);
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const from = 2 * ((i >> 1) * half + (j >> 1));
      const to = 2 * (i * side + j);
      out[to] = (packed[from] - 128) / STEPS;
      out[to + 1] = (packed[from + 1] - 128) / STEPS;
    }
  }
  return out;
}

/** Gray values with the square at a place filled with their mean. */
export function covered(gray, side, [column, row]) {
  const mean = gray.reduce((a, b) => a + b, 0) / gray.length;
  const out = Float32Array.from(gray);
  for (let i = row; i < row + SQUARE; i++) out.fill(mean, i * side + column, i * side + column + SQUARE);
  return out;
}

const chromaOf = (rgb, gray) =>
  Float64Array.from({ length: 2 * gray.length }, (_, i) => rgb[3 * (i >> 1) + (i & 1 ? 2 : 0)] - gray[i >> 1]);

/** Luminance and chroma, if any, as bytes for a canvas. */
function coloured(gray, chroma = new Float64Array(2 * gray.length)) {
  const rgba = new Uint8ClampedArray(4 * gray.length).fill(255);
  for (let i = 0; i < gray.length; i++) {
    const [red, blue] = [chroma[2 * i], chroma[2 * i + 1]];
    const green = -(WEIGHTS[0] * red + WEIGHTS[2] * blue) / WEIGHTS[1];
    [red, green, blue].forEach((part, k) => (rgba[4 * i + k] = 255 * (gray[i] + part)));
  }
  return rgba;
}

/** Changes as a glow on the darkened picture. */
function heat(changes, gray) {
  const rgba = new Uint8ClampedArray(4 * gray.length).fill(255);
  changes.forEach((d, i) => {
    const strength = Math.min(d / BRIGHTEST, 1);
    GLOW.forEach((glow, k) => {
      rgba[4 * i + k] = 255 * ((1 - strength) * (0.1 + 0.2 * gray[i]) + strength * glow);
    });
  });
  return rgba;
}

/** The network in a worker: `predict(gray)` gives RGB. `tell` is told the share that is here. */
async function network(folder, side, tell) {
  let here = 0;
  const fetched = async (part) => {
    const script = html("script", { src: `${folder}${part}.js` });
    try {
      await new Promise((resolve, reject) => {
        Object.assign(script, { onload: resolve, onerror: reject });
        document.head.append(script);
      });
      return script.content;
    } finally {
      script.remove();
      here += 1;
      tell(here / PARTS.length);
    }
  };
  const [program, runtime, wasm, content] = await Promise.all(PARTS.map(fetched));
  const stream = new Blob([bytes(program)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const text = new Blob([await new Response(stream).text()], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(text));
  let number = 0;
  const waiting = new Map();
  worker.onmessage = ({ data: { number: which, answer, sentence } }) => {
    const { resolve, reject } = waiting.get(which);
    waiting.delete(which);
    if (sentence === undefined) resolve(answer);
    else reject(new Error(sentence));
  };
  const ask = (question, details) =>
    new Promise((resolve, reject) => {
      waiting.set(++number, { resolve, reject });
      worker.postMessage({ number, question, ...details });
    });
  await ask("start", { runtime, wasm, working: side });
  await ask("load", { name: "unet", content, anySize: true });
  const predict = (gray) => ask("predict", { name: "unet", gray, height: side, width: side });
  return { predict, end: () => worker.terminate() };
}

function render(context) {
  const frame = figure(context, update);
  const { side, names, places } = frame.data; // places: columns, and rows, of what was made beforehand
  const pixels = side * side;
  const grays = bytes(frame.data.grays); // one after the other
  const packed = bytes(frame.data.chroma); // for each picture: uncovered, then row after row of places
  let at = frame.data.at.slice();
  let live = null; // the network
  let asked = false;
  let busy = false;
  const known = new Map(); // picture and place to chroma, what the network said

  const which = choice(frame, { label: "Picture", options: names.map((name, i) => [i, name]), value: 0 });
  const progress = html("progress", { max: 1, value: 0 });
  progress.style.cssText = "flex: 1";
  const fetching = html("label", {});
  fetching.append("The network is fetched", progress);
  fetching.style.cssText = "align-items: center; display: flex; gap: 0.5rem; visibility: hidden; width: 100%";
  frame.controls.append(fetching); // its place is kept, so that nothing moves

  frame.stage.style.setProperty("--least", "9.5rem");
  const options = { width: side, height: side };
  const input = picture(frame, { ...options, title: "Drag the square", label: "A gray picture" });
  const painted = picture(frame, { ...options, title: "What it paints", label: "The picture as the U-Net paints it" });
  const before = picture(frame, { ...options, title: "Without the square", label: "What it paints without the square" });
  const map = picture(frame, { ...options, title: "Change of colour", label: "The change of the chroma" });
  const square = { width: SQUARE, height: SQUARE };
  const edges = (style) => svg("rect", { ...square, x: -SQUARE / 2, y: -SQUARE / 2, fill: "none", ...style });
  const shape = svg(
    "g", {},
    edges({ stroke: "#fff", "stroke-width": 5, "pointer-events": "all" }),
    edges({ style: "stroke: #b8510f; stroke-width: 3" }),
  );
  const limit = side - SQUARE;
  const grip = handle(frame, input.over, {
    label: "Square that is covered",
    at: () => at.map((x) => x + SQUARE / 2),
    move: (point) => {
      at = point.map((x) => nearest(clamp(x - SQUARE / 2, 0, limit)));
    },
    words: () => `columns ${at[0]} to ${at[0] + SQUARE - 1}, rows ${at[1]} to ${at[1] + SQUARE - 1}`,
    step: () => (live ? 1 : places[1] - places[0]),
    reach: SQUARE / 2 + 1,
    anywhere: true,
    shape,
  });
  const shadows = [painted, map].map((each) => {
    const shadow = svg("rect", { ...square, class: "curve dashed", style: "stroke: var(--orange)" });
    each.over.append(shadow);
    return shadow;
  });
  frame.root.addEventListener("pointerdown", wake);
  frame.root.addEventListener("keydown", wake);

  /** The next place for which there is a picture; with the network, any. */
  function nearest(x) {
    if (live) return Math.round(x);
    return places.reduce((a, b) => (Math.abs(b - x) < Math.abs(a - x) ? b : a));
  }

  /** Fetch the network, once, where there is one beside the page. */
  async function wake() {
    const root = document.documentElement.dataset.content_root; // of a page of the book
    if (asked || root === undefined) return;
    asked = true;
    fetching.style.visibility = "visible";
    try {
      live = await network(`${root}_static/playground/`, side, (share) => (progress.value = share));
    } catch {
      asked = false; // what was made beforehand stays; the next touch tries again
    }
    fetching.style.visibility = "hidden";
    frame.changed();
  }

  const grayOf = (index) => Float32Array.from(grays.subarray(index * pixels, (index + 1) * pixels), (x) => x / 255);

  function made(index, place) {
    const [column, row] = place ? place.map((x) => places.indexOf(x)) : [];
    const number = place ? 1 + row * places.length + column : 0;
    const from = (index * (1 + places.length ** 2) + number) * (pixels / 2);
    return enlarged(packed.subarray(from, from + pixels / 2), side);
  }

  /** What the network says of a picture with a place covered; nothing until it has said so. */
  function said(index, place) {
    const key = `${index} ${place}`;
    if (known.has(key)) return known.get(key);
    if (busy) return null;
    busy = true;
    const gray = place ? covered(grayOf(index), side, place) : grayOf(index);
    live.predict(gray).then((rgb) => {
      known.set(key, { chroma: chromaOf(rgb, gray), place });
      busy = false;
      frame.changed();
    });
    return null;
  }

  let last = null; // what was shown
  function update() {
    const index = which.value;
    let now = null;
    if (live) {
      const whole = said(index, null);
      const hidden = whole && said(index, at);
      if (hidden) now = { index, whole: whole.chroma, hidden: hidden.chroma, at: at.slice(), live: true };
    } else {
      now = { index, whole: made(index, null), hidden: made(index, at), at: at.slice(), live: false };
    }
    last = now ?? last;
    const { whole, hidden } = last;
    const gray = covered(grayOf(last.index), side, last.at);
    const changes = change(hidden, whole);
    const [all, outside] = sizes(changes, whole, side, last.at);
    input.put(coloured(gray));
    painted.put(coloured(gray, hidden));
    before.put(coloured(grayOf(last.index), whole));
    map.put(heat(changes, gray));
    shadows.forEach((shadow) => set(shadow, { x: last.at[0], y: last.at[1] }));
    grip.show();
    const how = live
      ? "The U-Net computes it in this page."
      : asked
        ? "The U-Net is being fetched."
        : "These pictures were made beforehand.";
    return {
      words: 
        `With the square covered, the U-Net's chroma changes by ${percent(all)} of the chroma that it paints ` +
        `without it. The change outside of the square alone is ${percent(outside)}. ${how}`,
      values: { at: last.at, live: last.live, all, outside, hidden: Array.from(hidden), changes: Array.from(changes) },
    };
  }

  frame.paint();
  return () => {
    frame.stop();
    live?.end();
  };
}

export default { render };
