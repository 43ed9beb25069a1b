// The best linear code of k numbers, from gray to colour: what is kept of a picture, luminance and
// chroma apart, and of all test images.
import { bytes, choice, clamp, figure, handle, html, line, percent, picture, plot, set, svg } from "./kit.mjs";

export const height = { narrow: 939, wide: 511 };

const WEIGHTS = [0.299, 0.587, 0.114]; // ITU-R BT.601

/** The mean square of the luminance, and of the chroma (R - Y, B - Y), of a difference of pictures. */
export function parts(p, q) {
  let [luminance, chroma] = [0, 0];
  for (let i = 0; i < p.length; i += 3) {
    const d = [0, 1, 2].map((k) => p[i + k] - q[i + k]);
    const y = WEIGHTS[0] * d[0] + WEIGHTS[1] * d[1] + WEIGHTS[2] * d[2];
    luminance += y * y;
    chroma += (d[0] - y) ** 2 + (d[2] - y) ** 2;
  }
  return [luminance, chroma].map((sum) => (3 * sum) / p.length);
}

function render(context) {
  const frame = figure(context, update);
  const { side, sizes, names, kept } = frame.data; // kept: luminance and chroma, of all, for each size
  const length = 3 * side * side;
  const restored = bytes(frame.data.restored); // for each picture and each size
  const truths = bytes(frame.data.truths);
  const mean = bytes(frame.data.mean);
  let at = sizes.indexOf(frame.data.start);

  const which = choice(frame, {
    label: "Picture", options: names.map((name, i) => [i, name]), value: 0,
  });
  frame.stage.style.setProperty("--least", "16rem");
  const level = Object.fromEntries(sizes.map((size, i) => [i, size]));
  const axes = plot(frame, {
    width: 340, height: 330, title: "Drag: how many numbers has the code?",
    x: { domain: [0, sizes.length - 1], ticks: sizes.map((_, i) => i).filter((i) => i % 2 === 0), label: "numbers in the code", text: (i) => String(level[i]) },
    y: { domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], label: "share kept, all test images", text: (v) => `${100 * v} %` },
    margin: { left: 56 },
  });
  ["blue", "violet"].forEach((color, part) => {
    const curve = kept[part].map((value, i) => [axes.x(i), axes.y(value)]);
    axes.marks.append(svg("path", { class: `curve ${color}${part ? " dashed" : ""}`, d: line(curve) }));
  });
  axes.svg.append(
    svg("text", { x: axes.x(3), y: axes.y(kept[0][3]) - 12, "text-anchor": "end", style: "fill: var(--blue)", text: "luminance" }),
    svg("text", { x: axes.x(sizes.length - 1), y: axes.y(kept[1].at(-1)) - 8, "text-anchor": "end", style: "fill: var(--violet)", text: "chroma" }),
  );
  const rule = svg("line", { y1: axes.y(0), y2: axes.y(1), style: "stroke: var(--orange); stroke-width: 2" });
  axes.marks.append(rule);
  handle(frame, axes.svg, {
    label: "Numbers in the code",
    at: () => [axes.x(at), axes.y(0.5)],
    move: ([x]) => {
      at = clamp(Math.round(axes.x.inverse(x)), 0, sizes.length - 1);
    },
    words: () => `${sizes[at]} numbers`,
    step: axes.x(1) - axes.x(0),
    anywhere: true,
  });

  const four = html("div", { style: "display: grid; grid-template-columns: 1fr 1fr; gap: .5rem .75rem" });
  const options = { width: side, height: side };
  const shown = {
    restored: picture(frame, { ...options, title: "Restored", label: "What the code keeps" }),
    truth: picture(frame, { ...options, title: "Truth", label: "The photograph" }),
    luminance: picture(frame, { ...options, title: "Luminance kept", label: "The luminance that is kept" }),
    chroma: picture(frame, { ...options, title: "Chroma kept, on gray", label: "The chroma that is kept" }),
  };
  for (const each of Object.values(shown)) four.append(each.canvas.closest(".part"));
  frame.stage.append(four);

  function update() {
    const from = (which.value * sizes.length + at) * length;
    const picked = restored.subarray(from, from + length);
    const truth = truths.subarray(which.value * length, (which.value + 1) * length);
    const rgba = { restored: [], truth: [], luminance: [], chroma: [] };
    for (const name of Object.keys(rgba)) rgba[name] = new Uint8ClampedArray(4 * side * side).fill(255);
    for (let i = 0; i < side * side; i++) {
      const y = WEIGHTS.reduce((sum, w, k) => sum + w * picked[3 * i + k], 0);
      for (let k = 0; k < 3; k++) {
        rgba.restored[4 * i + k] = picked[3 * i + k];
        rgba.truth[4 * i + k] = truth[3 * i + k];
        rgba.luminance[4 * i + k] = y;
        rgba.chroma[4 * i + k] = 127.5 + picked[3 * i + k] - y;
      }
    }
    for (const [name, each] of Object.entries(shown)) each.put(rgba[name]);
    const x = axes.x(at);
    set(rule, { x1: x, x2: x });
    const left = parts(picked, truth);
    const own = parts(mean, truth).map((whole, part) => 1 - left[part] / whole);
    const numbers = sizes[at] === 1 ? "One number keeps" : `${sizes[at]} numbers keep`;
    return {
      words:
        `${numbers} ${percent(kept[0][at])} of the luminance and ${percent(kept[1][at])} of the chroma, over all ` +
        `test images. Of this picture: ${percent(own[0])} and ${percent(own[1])}.`,
      values: { size: sizes[at], own, picked: Array.from(picked) },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
