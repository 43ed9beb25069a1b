// Convolution: a kernel to paint, on a photograph; what one place gathers, and the output's size.
import {
  bytes, choice, clamp, drawing, figure, grays, handle, picture, place, set, signed,
  slider, svg,
} from "./kit.mjs";

export const height = { narrow: 667, wide: 373 };

const KERNELS = {
  mean: [1, 1, 1, 1, 1, 1, 1, 1, 1].map((x) => x / 9),
  edge: [-1, 0, 1, -2, 0, 2, -1, 0, 1].map((x) => x / 4),
  "all edges": [-1, -1, -1, -1, 8, -1, -1, -1, -1].map((x) => x / 4),
  sharper: [0, -1, 0, -1, 5, -1, 0, -1, 0],
};
const MOST = 5; // of a weight
const CELL = 60; // the side of one of the nine weights, in the drawing's units

/** The output's side, and how many zeros stand before the input's first row. */
export function geometry(n, stride, same) {
  if (!same) return [Math.floor((n - 3) / stride) + 1, 0];
  const size = Math.ceil(n / stride);
  return [size, Math.floor(Math.max((size - 1) * stride + 3 - n, 0) / 2)];
}

/** Cross-correlation of a square image, side n, with nine weights; rows one after the other. */
export function convolve(image, n, kernel, stride, same) {
  const [size, before] = geometry(n, stride, same);
  const output = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let a = 0; a < 3; a++) {
        const row = i * stride - before + a;
        if (row < 0 || row >= n) continue;
        for (let b = 0; b < 3; b++) {
          const column = j * stride - before + b;
          if (column >= 0 && column < n) sum += kernel[3 * a + b] * image[row * n + column];
        }
      }
      output[i * size + j] = sum;
    }
  }
  return output;
}

function render(context) {
  const frame = figure(context, update);
  const { side } = frame.data;
  const image = Float32Array.from(bytes(frame.data.photograph), (byte) => byte / 255);
  let kernel = KERNELS.edge.slice();
  let at = [Math.floor(side * frame.data.at[0]), Math.floor(side * frame.data.at[1])];

  frame.controls.style.setProperty("--least", "9.5rem");
  const preset = choice(frame, {
    label: "Start from",
    options: Object.keys(KERNELS).map((name) => [name, name]),
    value: "edge",
  });
  preset.element.classList.add("wide");
  const stride = slider(frame, { label: "Stride", min: 1, max: 4, value: 1 });
  const padding = choice(frame, {
    label: "Padding",
    options: [["same", "same"], ["valid", "valid"]],
    value: "same",
  });

  frame.stage.style.setProperty("--least", "9.5rem");
  const photograph = { title: "Drag the window", label: "The photograph, in gray" };
  const input = picture(frame, { width: side, height: side, ...photograph });
  input.put(grays(image));
  const shape = svg("rect", {
    class: "curve orange", width: 3, height: 3, x: -1.5, y: -1.5,
  });
  const windowed = handle(frame, input.over, {
    label: "Window on the photograph",
    at: () => at.map((x) => x + 0.5),
    move: ([x, y]) => {
      at = [x, y].map((v) => clamp(Math.round(v - 0.5), 0, side - 1));
    },
    words: () => `column ${at[0]}, row ${at[1]}`,
    step: 1,
    shape,
    reach: side / 12,
    anywhere: true,
  });

  const output = picture(frame, { width: side, height: side, title: "Output", label: "The output" });
  const weights = { title: "Drag a weight up or down", small: true };
  const board = drawing(frame, { width: 3 * CELL, height: 3 * CELL, ...weights });
  const cells = kernel.map((_, i) => weight(i));
  let last = preset.value;

  function weight(i) {
    const ground = svg("rect", { width: CELL - 4, height: CELL - 4, x: 2, y: 2, rx: 6 });
    const text = svg("text", { x: CELL / 2, y: CELL / 2 + 5, "text-anchor": "middle" });
    const cell = svg(
      "g",
      {
        class: "handle cell",
        role: "slider",
        tabindex: 0,
        "aria-label": `Weight, row ${Math.floor(i / 3) + 1}, column ${(i % 3) + 1}`,
        "aria-valuemin": -MOST,
        "aria-valuemax": MOST,
        transform: `translate(${CELL * (i % 3)} ${CELL * Math.floor(i / 3)})`,
      },
      ground,
      text,
    );
    let from = null;
    const change = (value) => {
      kernel[i] = clamp(Math.round(value * 20) / 20, -MOST, MOST);
      frame.changed();
    };
    cell.addEventListener("pointerdown", (event) => {
      from = [place(board, event)[1], kernel[i]];
      cell.setPointerCapture(event.pointerId);
      cell.focus({ preventScroll: true });
      event.preventDefault();
    });
    cell.addEventListener("pointermove", (event) => {
      if (cell.hasPointerCapture(event.pointerId)) change(from[1] + (from[0] - place(board, event)[1]) / 40);
    });
    cell.addEventListener("keydown", (event) => {
      const far = event.shiftKey ? 0.5 : 0.1;
      const steps = { ArrowUp: far, ArrowRight: far, ArrowDown: -far, ArrowLeft: -far, PageUp: 0.5, PageDown: -0.5 };
      const ends = { Home: -MOST, End: MOST };
      if (!(event.key in steps || event.key in ends)) return;
      event.preventDefault();
      change(ends[event.key] ?? kernel[i] + steps[event.key]);
    });
    board.append(cell);
    return { cell, ground, text };
  }

  function update() {
    if (preset.value !== last) {
      last = preset.value;
      kernel = KERNELS[last].slice();
    }
    const same = padding.value === "same";
    const [size, before] = geometry(side, stride.value, same);
    const values = convolve(image, side, kernel, stride.value, same);
    cells.forEach(({ cell, ground, text }, i) => {
      const strength = clamp(Math.abs(kernel[i]), 0.15, 1);
      set(ground, {
        style: `fill: var(${kernel[i] < 0 ? "--orange" : "--violet"}); fill-opacity: ${0.45 * strength}`,
      });
      text.textContent = signed(kernel[i], 2);
      set(cell, { "aria-valuenow": kernel[i].toFixed(2), "aria-valuetext": text.textContent });
    });
    // a kernel whose weights sum to 0 leaves a flat ground: shown as mid gray
    const flat = Math.abs(kernel.reduce((a, b) => a + b, 0)) < 0.5 ? 0.5 : 0;
    output.put(grays(values.map((value) => flat + value)), size, size);
    output.title.textContent = `Output: ${size} × ${size}`;
    // the output whose window lies nearest to the place that was chosen
    const [column, row] = at.map((x) => clamp(Math.round((x - 1 + before) / stride.value), 0, size - 1));
    at = [column, row].map((x) => x * stride.value - before + 1);
    windowed.show();
    const sum = values[row * size + column];
    return {
      words:
        `The window gathers nine pixels around column ${at[0]}, row ${at[1]}: their weighted sum is ` +
        `${signed(sum, 2)}. Stride ${stride.value} with ${padding.value} padding turns ` +
        `${side} × ${side} into ${size} × ${size}.`,
      values: { kernel, size, output: Array.from(values), row, column },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
