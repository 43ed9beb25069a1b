// Make chroma stronger or weaker: what becomes of some photographs, and of the error over many.
import { bytes, choice, clamp, figure, handle, key, line, picture, plot, set, svg } from "./kit.mjs";

export const height = { narrow: 748, wide: 434 };

const WEIGHTS = [0.299, 0.587, 0.114]; // ITU-R BT.601
const STEPS = 160; // of a byte, for a chroma of 1
const COLUMNS = 3; // of photographs

/** A gray and a chroma (R - Y, B - Y) as a colour; a chroma that would leave [0, 1] is cut. */
export function colour(gray, red, blue) {
  const chroma = [red, -(WEIGHTS[0] * red + WEIGHTS[2] * blue) / WEIGHTS[1], blue];
  const room = chroma.map((c) => (c > 0 ? (1 - gray) / c : c < 0 ? -gray / c : Infinity));
  const share = Math.min(1, ...room);
  return chroma.map((c) => gray + share * c);
}

/** The value at `x` of a curve through points with these places, straight between them. */
export function between(places, values, x) {
  const i = Math.max(1, places.findIndex((place) => place >= x));
  const share = (x - places[i - 1]) / (places[i] - places[i - 1]);
  return values[i - 1] + share * (values[i] - values[i - 1]);
}

function render(context) {
  const frame = figure(context, update);
  const { side, factors, curves } = frame.data; // curves: the MSE and the colorfulness of each model
  const grays = bytes(frame.data.grays); // photographs, one after the other
  const chromas = Object.fromEntries(Object.entries(frame.data.chromas).map(([who, packed]) => [who, bytes(packed)]));
  const count = grays.length / side ** 2;
  const highest = factors.at(-1);
  let q = frame.data.start;

  const who = choice(frame, {
    label: "Chroma of", options: [["unet", "the U-Net"], ["truth", "the photographs"]], value: "unet",
  });

  frame.stage.style.setProperty("--least", "16rem");
  const [width, height] = [COLUMNS * side, Math.ceil(count / COLUMNS) * side];
  const shown = picture(frame, { width, height, title: "Chroma times the factor", label: "Photographs with that chroma" });
  const most = curves.unet.mse[0] * 2;
  const axes = plot(frame, {
    width: 340, height: 250, title: "Drag the factor along the curve",
    x: { domain: [0, highest], ticks: [0, 0.5, 1, 1.5, 2, 2.5, 3].filter((x) => x <= highest), label: "factor q on the chroma" },
    y: { domain: [0, most], ticks: [0, 0.005, 0.01].filter((y) => y <= most), label: "MSE" },
    margin: { left: 56 },
  });
  const copy = axes.y(curves.unet.mse[0]);
  axes.marks.append(
    svg("path", { class: "curve soft dotted", d: line([[axes.x(0), copy], [axes.x(highest), copy]]) }),
    svg("text", { class: "name", x: axes.x(highest) - 4, y: copy + 16, "text-anchor": "end", text: "gray copy" }),
  );
  const calibrated = svg("path", { class: "curve orange dashed" });
  const measured = svg("path", { class: "curve blue" });
  axes.marks.append(calibrated, measured);
  const mse = () => between(factors, curves[who.value].mse, q);
  const knob = handle(frame, axes.svg, {
    label: "Factor on the chroma",
    at: () => [axes.x(q), Math.max(axes.y(mse()), axes.y(most))],
    move: ([x]) => {
      q = clamp(Math.round(20 * axes.x.inverse(x)) / 20, 0, highest);
    },
    words: () => `${q.toFixed(2)} times`,
    step: axes.x(0.05) - axes.x(0),
    anywhere: true,
  });
  key(frame, [
    { class: "blue", text: "measured" },
    { class: "orange dashed", text: "if calibrated" },
  ]);

  function update() {
    const { mse: errors, colorfulness } = curves[who.value];
    const chroma = chromas[who.value];
    const rgba = new Uint8ClampedArray(4 * width * height);
    for (let i = 0; i < grays.length; i++) {
      const [red, blue] = [0, 1].map((k) => (q * (chroma[2 * i + k] - 128)) / STEPS);
      const [image, pixel] = [Math.floor(i / side ** 2), i % side ** 2];
      const row = Math.floor(image / COLUMNS) * side + Math.floor(pixel / side);
      const place = row * width + (image % COLUMNS) * side + (pixel % side);
      rgba.set([...colour(grays[i] / 255, red, blue).map((c) => 255 * c), 255], 4 * place);
    }
    shown.put(rgba);
    const one = between(factors, errors, 1);
    const parabola = factors.map((x) => [axes.x(x), axes.y(one + (1 - x) ** 2 * (errors[0] - one))]);
    set(calibrated, { d: line(parabola) });
    set(measured, { d: line(factors.map((x, i) => [axes.x(x), axes.y(errors[i])])) });
    knob.show();
    const error = mse();
    const vivid = between(factors, colorfulness, q);
    const beside = error < errors[0] ? "below" : error > errors[0] ? "above" : "equal to";
    const what = who.value === "unet" ? "The U-Net's chroma" : "The true chroma";
    return {
      words:
        `${what}, times ${q.toFixed(2)}: the MSE is ${error.toFixed(4)}, ${beside} the gray copy's, and the ` +
        `colorfulness ${vivid.toFixed(2)} of the true.`,
      values: { q, mse: error, colorfulness: vivid, painted: Array.from(rgba) },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
