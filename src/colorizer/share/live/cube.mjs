// The cube of colours, cut by a plane of equal gray: all that a pixel of a photograph could have been.
import { button, bytes, clamp, figure, handle, line, percent, picture, place, set, svg } from "./kit.mjs";

export const height = { narrow: 757, wide: 462 };

const WEIGHTS = [0.299, 0.587, 0.114]; // ITU-R BT.601
const SIZE = 300; // of the cube's canvas, pixels
const ZOOM = 165; // pixels for the side of the cube
const UP = [1, 1, 1].map((x) => x / Math.sqrt(3)); // the gray axis stands upright
const EAST = [1, -1, 0].map((x) => x / Math.sqrt(2));
const NORTH = [1, 1, -2].map((x) => x / Math.sqrt(6));
const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [(i >> 2) & 1, (i >> 1) & 1, i & 1]);
const EDGES = CORNERS.flatMap((a, i) =>
  [1, 2, 4].filter((bit) => !(i & bit)).map((bit) => [a, CORNERS[i | bit]]),
);

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const sum = (a, s, b, t) => a.map((x, i) => s * x + t * b[i]);

/** The colours of one gray level, in [0, 1]: the corners of the cut, one after the other. */
export function slice(gray) {
  const found = [];
  for (const [a, b] of EDGES) {
    const [from, to] = [dot(WEIGHTS, a), dot(WEIGHTS, b)];
    const share = (gray - from) / (to - from);
    if (share >= 0 && share <= 1) found.push(sum(a, 1 - share, b, share));
  }
  const middle = found.reduce((m, c) => sum(m, 1, c, 1 / found.length), [0, 0, 0]);
  const angle = (c) => Math.atan2(dot(sum(c, 1, middle, -1), axes[1]), dot(sum(c, 1, middle, -1), axes[0]));
  return found.sort((a, b) => angle(a) - angle(b));
}

/** The area of a polygon in the plane of a cut. */
export function area(corners) {
  let twice = 0;
  corners.forEach((a, i) => {
    const b = corners[(i + 1) % corners.length];
    twice += dot(a, axes[0]) * dot(b, axes[1]) - dot(b, axes[0]) * dot(a, axes[1]);
  });
  return Math.abs(twice) / 2;
}

/** Where the eye is: to the right, up, and towards it, at right angles. */
export function eye(yaw, pitch) {
  const right = sum(EAST, Math.cos(yaw), NORTH, Math.sin(yaw));
  const near = sum(EAST, Math.sin(yaw), NORTH, -Math.cos(yaw));
  const up = sum(UP, Math.cos(pitch), near, -Math.sin(pitch));
  return [right, up, sum(near, Math.cos(pitch), UP, Math.sin(pitch))];
}

const length = Math.hypot(...WEIGHTS);
const normal = WEIGHTS.map((x) => x / length);
const axes = (() => { // two directions in the planes of equal gray
  const blue = sum([0, 0, 1], 1, normal, -normal[2]);
  const u = blue.map((x) => x / Math.hypot(...blue));
  return [u, [1, 2, 0].map((i) => normal[i] * u[(i + 1) % 3] - normal[(i + 1) % 3] * u[i])];
})();
const LARGEST = Math.max(...Array.from({ length: 256 }, (_, i) => area(slice(i / 255))));
const FACE_ON = (() => { // where the eye looks along the normal of the cuts
  const pitch = Math.asin(dot(normal, UP));
  return [Math.atan2(dot(normal, EAST), -dot(normal, NORTH)), pitch];
})();

/** The cut as the eye sees it, four bytes a pixel; nothing where it is seen edge on. */
export function cut(gray, [right, up]) {
  const rgba = new Uint8ClampedArray(4 * SIZE * SIZE);
  // colour - 1/2 = d with right.d = x, up.d = y, w.d = gray - 1/2: the inverse of three rows
  const rows = [right, up, WEIGHTS];
  const cross = (a, b) => [1, 2, 0].map((i) => a[i] * b[(i + 1) % 3] - a[(i + 1) % 3] * b[i]);
  const columns = [cross(rows[1], rows[2]), cross(rows[2], rows[0]), cross(rows[0], rows[1])];
  const determinant = dot(rows[0], columns[0]);
  if (Math.abs(determinant) < 0.01) return rgba;
  const [a, b, c] = columns.map((column) => column.map((x) => x / determinant));
  for (let i = 0; i < SIZE; i++) {
    const y = (SIZE / 2 - i - 0.5) / ZOOM;
    for (let j = 0; j < SIZE; j++) {
      const x = (j + 0.5 - SIZE / 2) / ZOOM;
      const at = 4 * (i * SIZE + j);
      let inside = true;
      for (let k = 0; k < 3; k++) {
        const value = 0.5 + x * a[k] + y * b[k] + (gray - 0.5) * c[k];
        inside &&= value >= 0 && value <= 1;
        rgba[at + k] = 255 * value;
      }
      rgba[at + 3] = inside ? 255 : 0;
    }
  }
  return rgba;
}

const rgb = (c) => `rgb(${c.map((x) => Math.round(255 * x)).join(", ")})`;
const degrees = (x) => Math.round((x * 180) / Math.PI);

function render(context) {
  const frame = figure(context, update);
  const { side } = frame.data;
  const photograph = bytes(frame.data.photograph);
  let at = frame.data.at.slice(); // column and row of the pixel
  let [yaw, pitch] = [FACE_ON[0] + 0.9, FACE_ON[1] - 0.6]; // the cut is seen as a plane, from above

  const image = picture(frame, {
    width: side, height: side, title: "Pick a pixel", label: "A photograph, in its own colours",
  });
  const rgba = new Uint8ClampedArray(4 * side * side).fill(255);
  for (let i = 0; i < side * side; i++) rgba.set(photograph.subarray(3 * i, 3 * i + 3), 4 * i);
  image.put(rgba);
  image.canvas.closest(".part").classList.add("small");
  const square = { width: 2, height: 2, x: -1, y: -1, fill: "none" };
  handle(frame, image.over, {
    label: "Pixel of the photograph",
    at: () => at.map((x) => x + 0.5),
    move: ([x, y]) => {
      at = [x, y].map((v) => clamp(Math.floor(v), 0, side - 1));
    },
    words: () => `column ${at[0]}, row ${at[1]}`,
    step: 1,
    reach: 3,
    anywhere: true,
    shape: svg(
      "g",
      {},
      svg("rect", { ...square, stroke: "#fff", "stroke-width": 5 }),
      svg("rect", { ...square, stroke: "#1d2733", "stroke-width": 2 }),
    ),
  });

  const cube = picture(frame, {
    width: SIZE, height: SIZE, title: "Drag to turn", label: "All colours of the pixel's gray",
  });
  cube.canvas.style.imageRendering = "auto";
  const whole = svg(
    "g",
    { class: "handle", role: "slider", tabindex: 0, "aria-label": "Turn the cube",
      "aria-valuemin": -180, "aria-valuemax": 180 },
    svg("circle", { class: "reach", cx: SIZE / 2, cy: SIZE / 2, r: SIZE / 2 - 2 }), // beside it a finger scrolls
  );
  const edges = EDGES.map(() => svg("path", { class: "curve", style: "pointer-events: none" }));
  const outline = svg("path", { class: "curve", style: "stroke: var(--ink); stroke-width: 1.5" });
  const axis = svg("path", { class: "curve dashed", style: "stroke: var(--soft); stroke-width: 1.5" });
  const dots = CORNERS.map((c) =>
    svg("circle", { r: 5, fill: rgb(c), style: "stroke: var(--soft); stroke-width: 1" }),
  );
  const named = { style: "paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round" };
  const labels = {
    gray: svg("text", { ...named, text: "gray" }),
    true: svg("text", { ...named, text: "true" }),
  };
  const marks = {
    gray: svg("circle", { r: 6, style: "stroke: var(--ink); stroke-width: 1.5" }),
    true: svg("circle", { r: 9, style: "stroke: var(--ink); stroke-width: 2.5" }),
  };
  const drawn = svg(
    "g", { style: "pointer-events: none" },
    ...edges, outline, axis, ...dots, marks.gray, marks.true, labels.gray, labels.true,
  );
  cube.over.append(whole, drawn);

  let from = null;
  const turn = (across, down) => {
    yaw = Math.atan2(Math.sin(yaw - across), Math.cos(yaw - across));
    pitch = clamp(pitch + down, -Math.PI / 2, Math.PI / 2);
    frame.changed();
  };
  whole.addEventListener("pointerdown", (event) => {
    from = place(cube.over, event);
    whole.setPointerCapture(event.pointerId);
    whole.focus({ preventScroll: true });
    event.preventDefault();
  });
  whole.addEventListener("pointermove", (event) => {
    if (!whole.hasPointerCapture(event.pointerId)) return;
    const to = place(cube.over, event);
    turn((to[0] - from[0]) / 100, (to[1] - from[1]) / 100);
    from = to;
  });
  whole.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.3 : 0.06;
    const turns = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
      PageUp: [0, -0.3],
      PageDown: [0, 0.3],
      Home: [yaw + Math.PI, 0], // to −180° and 180°, which look alike
      End: [yaw - Math.PI, 0],
    };
    if (!(event.key in turns)) return;
    event.preventDefault();
    turn(...turns[event.key]);
  });
  const straight = button(frame, { label: "Look straight at the cut" }, () => {
    [yaw, pitch] = FACE_ON;
    frame.changed();
  });
  straight.style.justifySelf = "start";

  function update() {
    const first = 3 * (at[1] * side + at[0]);
    const pixel = Array.from(photograph.subarray(first, first + 3));
    const colour = pixel.map((x) => x / 255);
    const gray = dot(WEIGHTS, colour);
    const corners = slice(gray);
    const share = area(corners) / LARGEST;
    const view = eye(yaw, pitch);
    const put = (c) => {
      const d = c.map((x) => x - 0.5);
      return [SIZE / 2 + ZOOM * dot(view[0], d), SIZE / 2 - ZOOM * dot(view[1], d)];
    };
    cube.put(cut(gray, view));
    const depth = (c) => dot(view[2], c);
    const farthest = CORNERS.reduce((a, b) => (depth(b) < depth(a) ? b : a));
    EDGES.forEach(([a, b], i) => {
      const hidden = a === farthest || b === farthest;
      set(edges[i], {
        d: line([put(a), put(b)]),
        style: `stroke: var(--soft); stroke-width: ${hidden ? 0.75 : 1.5}; stroke-dasharray: ${hidden ? "2 4" : "none"}`,
      });
    });
    CORNERS.forEach((c, i) => {
      const [x, y] = put(c);
      set(dots[i], { cx: x, cy: y });
    });
    set(outline, { d: corners.length ? `${line(corners.map(put))}Z` : "" });
    set(axis, { d: line([put([0, 0, 0]), put([1, 1, 1])]) });
    const places = { gray: put([gray, gray, gray]), true: put(colour) };
    const left = places.true[0] < places.gray[0];
    for (const [name, c] of Object.entries({ gray: [gray, gray, gray], true: colour })) {
      const [x, y] = places[name];
      set(marks[name], { cx: x, cy: y, fill: rgb(c) });
      const before = (name === "true") === left;
      set(labels[name], { x: x + (before ? -13 : 13), y: y + 4, "text-anchor": before ? "end" : "start" });
    }
    const [r, g, b] = pixel;
    set(whole, {
      "aria-valuenow": degrees(yaw),
      "aria-valuetext": `turned by ${degrees(yaw)} degrees, seen from ${degrees(pitch)} degrees above`,
    });
    return {
      words:
        `The pixel is (${r}, ${g}, ${b}), and its gray is ${Math.round(255 * gray)}. All colours of that gray ` +
        `lie on a cut with ${corners.length} corners, ${percent(share)} as large as the largest cut.`,
      values: { pixel, gray, corners, share, yaw, pitch, at },
    };
  }

  frame.paint();
  return frame.stop;
}

export default { render };
