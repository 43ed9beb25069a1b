// Transposed convolution: which inputs scatter to a place, and the checkerboard of their sums.
import {
  bytes, choice, clamp, figure, grays, handle, picture, slider, svg,
} from "./kit.mjs";

export const height = { narrow: 387, wide: 490 };

const SIDE = 8; // of the input
const UNITS = 200; // of both drawings, whatever their number of pixels

/** The weights of one side of a kernel: all one, or a tent that falls to both ends. */
export function profile(side, tent) {
  const middle = (side - 1) / 2;
  return Array.from({ length: side }, (_, a) =>
    tent ? 1 - Math.abs(a - middle) / (middle + 1) : 1,
  );
}

/** Each number of a square input, side n, puts its copy of the kernel at stride times its place. */
export function scatter(input, n, kernel, stride) {
  const side = kernel.length;
  const size = (n - 1) * stride + side;
  const output = new Float64Array(size * size);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let a = 0; a < side; a++) {
        for (let b = 0; b < side; b++) {
          const place = (i * stride + a) * size + j * stride + b;
          output[place] += input[i * n + j] * kernel[a] * kernel[b];
        }
      }
    }
  }
  return output;
}

/** The rows (or columns) of the input whose kernels reach a row (or column) of the output. */
export function sources(at, n, side, stride) {
  const first = Math.max(0, Math.ceil((at - side + 1) / stride));
  const last = Math.min(n - 1, Math.floor(at / stride));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

const shown = (x) => x.toFixed(2).replace(/\.?0+$/, "");

function render(context) {
  const frame = figure(context, update);
  const photograph = Array.from(bytes(frame.data.photograph), (byte) => byte / 255);
  const constant = photograph.map(() => 1);
  let at = frame.data.at.slice(); // column and row of the output

  frame.controls.style.setProperty("--least", "9.5rem");
  const side = slider(frame, { label: "Kernel side", min: 1, max: 7, value: 3 });
  const stride = slider(frame, { label: "Stride", min: 1, max: 4, value: 2 });
  const given = choice(frame, {
    label: "Input",
    options: [
      ["constant", "constant"],
      ["photograph", "photo"],
    ],
    value: "constant",
  });
  const weights = choice(frame, {
    label: "Weights",
    options: [
      ["equal", "equal"],
      ["tent", "tent"],
    ],
    value: "equal",
  });

  frame.stage.style.setProperty("--least", "9.5rem");
  const drawn = { width: UNITS, height: UNITS };
  const input = picture(frame, { ...drawn, title: "Input: 8 × 8", label: "The input" });
  const output = picture(frame, { ...drawn, title: "Output", label: "The output" });
  const cell = UNITS / SIDE;
  for (let i = 1; i < SIDE; i++) {
    input.over.append(
      svg("path", {
        class: "curve soft faint",
        d: `M${cell * i} 0V${UNITS}M0 ${cell * i}H${UNITS}`,
      }),
    );
  }
  const from = svg("g");
  const copies = svg("g");
  input.over.append(from);
  output.over.append(copies);
  const size = () => (SIDE - 1) * stride.value + side.value;
  const marker = handle(frame, output.over, {
    label: "Place of the output",
    at: () => at.map((v) => ((v + 0.5) * UNITS) / size()),
    move: (point) => {
      at = point.map((v) => clamp(Math.floor((v * size()) / UNITS), 0, size() - 1));
    },
    words: () => `column ${at[0]}, row ${at[1]}`,
    step: () => UNITS / size(),
    anywhere: true,
    shape: svg("circle", { class: "knob", r: 5 }),
  });

  const square = (x, y, length) =>
    svg("rect", { class: "curve orange washed", x, y, width: length, height: length });

  function update() {
    const n = size();
    at = at.map((v) => Math.min(v, n - 1));
    const kernel = profile(side.value, weights.value === "tent");
    const numbers = given.value === "constant" ? constant : photograph;
    const values = scatter(numbers, SIDE, kernel, stride.value);
    const most = Math.max(...values);
    input.put(grays(numbers.map((x) => 0.8 * x)), SIDE, SIDE); // a white square looks like nothing
    output.put(grays(Array.from(values, (value) => value / most)), n, n);
    output.title.textContent = `Output: ${n} × ${n}`;
    marker.show();

    const [column, row] = at;
    const [columns, rows] = at.map((v) => sources(v, SIDE, side.value, stride.value));
    const pixel = UNITS / n;
    const pairs = rows.flatMap((i) => columns.map((j) => [i, j]));
    from.replaceChildren(...pairs.map(([i, j]) => square(j * cell, i * cell, cell)));
    copies.replaceChildren(
      ...pairs.map(([i, j]) =>
        square(j * stride.value * pixel, i * stride.value * pixel, side.value * pixel),
      ),
    );
    // the sums of one period in the middle, where no border is near
    const middle = stride.value * Math.floor(n / 2 / stride.value);
    const period = [];
    for (let i = 0; i < stride.value; i++) {
      for (let j = 0; j < stride.value; j++) period.push(values[(middle + i) * n + middle + j]);
    }
    const kinds = [...new Set(period.map(shown))].sort((a, b) => a - b);
    const pattern =
      given.value !== "constant"
        ? ""
        : kinds.length === 1
          ? ` Inside the border every sum is ${kinds[0]}: no checkerboard.`
          : ` Inside the border the sums are ${kinds.slice(0, -1).join(", ")} and ${kinds.at(-1)}, over and over.`;
    const count =
      pairs.length === 0
        ? "No input reaches"
        : pairs.length === 1
          ? "One input reaches"
          : `${pairs.length} inputs reach`;
    return {
      words: `${count} column ${column}, row ${row}: the sum is ${shown(values[row * n + column])}.${pattern}`,
      values: { size: n, kernel, output: Array.from(values), at, rows, columns, period },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
