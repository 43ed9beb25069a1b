// What the live figures share: a frame, controls, a plot, handles to drag, and words for it all.
//
// A figure is a standard ES module, `export default {render({model, el})}`, as anywidget asks for.
// It imports from here; the package puts both into one text, since a text imports nothing.

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 400; // ms without a change before a screen reader is told
// what needs a name in a page gets one that no other figure there has, each with a kit of its own
const unique = () => `live-${Math.random().toString(36).slice(2)}`;

export const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

/** An element; attributes whose value is a function are listeners, `class` and `text` as usual. */
function element(created, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") created.addEventListener(name, value);
    else if (name === "text") created.textContent = value;
    else if (value !== false && value !== null && created.getAttribute(name) !== `${value}`) {
      created.setAttribute(name, value); // the same again would be drawn again
    }
  }
  created.append(...children);
  return created;
}

export const html = (tag, attributes = {}, ...children) =>
  element(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  element(document.createElementNS(SVG, tag), attributes, children);

export const set = (target, attributes) => element(target, attributes, []);

/** A linear map from one interval to another; `.inverse` goes back. */
export function scale([a, b], [c, d]) {
  const map = (x) => c + ((x - a) * (d - c)) / (b - a);
  map.inverse = (y) => a + ((y - c) * (b - a)) / (d - c);
  map.domain = [a, b];
  return map;
}

/** The `d` of a path through points [x, y] of the page, of which a level stretch needs but two. */
export const line = (points) =>
  points
    .filter(([, y], i) => points[i - 1]?.[1] !== y || points[i + 1]?.[1] !== y)
    .map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join("");

/** A number in so many decimals, if that is said, with a true minus and none before a mere zero. */
export const signed = (x, decimals) =>
  (decimals === undefined ? `${x}` : x.toFixed(decimals)).replace(/^-(?=[0.]+$)/, "").replace("-", "−");

/** A share in per cent; what is nearly all of it is not called all. */
export const percent = (share) =>
  `${share >= 0.995 && share < 1 ? Math.floor(1000 * share) / 10 : signed(100 * share, 0)}\u00a0%`;

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻";

/** Parts of a text: raised digits, which not every typeface has, as `raise` makes them of plain ones. */
const raised = (text, raise) =>
  text
    .split(/([⁰¹²³⁴-⁹⁻]+)/)
    .map((part, i) =>
      i % 2 ? raise([...part].map((digit) => "0123456789−"[RAISED.indexOf(digit)]).join("")) : part,
    );

/** Bytes that Python wrote in base64. */
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/**
 * The frame of a figure. `update` draws everything anew, at most once a frame of the screen, and
 * returns `{words, values}`: what a reader is told, and the numbers behind the picture, which tests
 * compare with NumPy (they are left as `el.values`).
 */
export function figure({ model, el }, update) {
  const root = html("div", { class: "live", role: "group", "aria-label": model.get("alt") });
  const controls = html("div", { class: "controls" });
  const stage = html("div", { class: "stage" });
  const words = html("p", { class: "words" });
  const status = html("p", { class: "told", role: "status" });
  root.append(controls, stage, words, status);
  el.replaceChildren(root);
  let due = 0;
  let telling = 0;
  let said = null;
  const paint = () => {
    due = 0;
    const shown = update();
    el.values = shown.values;
    if (shown.words === said) return;
    words.replaceChildren(...raised(shown.words, (text) => html("sup", { text })));
    clearTimeout(telling);
    if (said !== null) telling = setTimeout(() => (status.textContent = shown.words), QUIET);
    said = shown.words;
  };
  const changed = () => {
    due ||= requestAnimationFrame(paint);
  };
  const stop = () => {
    cancelAnimationFrame(due);
    clearTimeout(telling);
  };
  return { data: model.get("data"), root, controls, stage, words, changed, paint, stop };
}

/** A slider: `{value}`, and `set(value)`. `text(value)` is what stands beside it and is read out. */
export function slider(frame, { label, min, max, step = 1, value, text = String }) {
  const shown = html("output");
  const input = html("input", { type: "range", min, max, step, value, "aria-label": label });
  const control = { value };
  const tell = () => {
    shown.textContent = text(control.value);
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    control.value = Number(input.value);
    tell();
    frame.changed();
  });
  control.set = (next) => {
    input.value = next;
    control.value = Number(input.value);
    tell();
    frame.changed();
  };
  tell();
  const name = html("span", { text: label });
  control.element = html("label", { class: "slider" }, name, input, shown);
  frame.controls.append(control.element);
  return control;
}

/** One of several: `{value}`, and `set(value)`. Options are [value, text]. */
export function choice(frame, { label, options, value }) {
  const group = unique();
  const control = { value };
  const inputs = options.map(([each, text]) => {
    const input = html("input", { type: "radio", name: group, value: each });
    input.checked = each === value;
    input.addEventListener("change", () => {
      control.value = each;
      frame.changed();
    });
    return html("label", {}, input, html("span", { text }));
  });
  control.set = (next) => {
    control.value = next;
    options.forEach(([each], i) => (inputs[i].firstChild.checked = each === next));
    frame.changed();
  };
  const legend = html("legend", { text: label });
  control.element = html("fieldset", { class: "choice" }, legend, html("div", {}, ...inputs));
  frame.controls.append(control.element);
  return control;
}

/** Something that is or is not: `{value}`. */
export function toggle(frame, { label, value = false }) {
  const input = html("input", { type: "checkbox" });
  input.checked = value;
  const control = { value };
  input.addEventListener("change", () => {
    control.value = input.checked;
    frame.changed();
  });
  control.element = html("label", { class: "toggle" }, input, html("span", { text: label }));
  frame.controls.append(control.element);
  return control;
}

/** A button that does something. */
export function button(frame, { label }, act) {
  const pressed = html("button", { type: "button", text: label, click: act });
  frame.controls.append(pressed);
  return pressed;
}

/**
 * A drawing `width` × `height` of its own units, as wide as its column, with a title above it; one
 * that is `small` does not fill the width of a phone.
 */
export function drawing(frame, { width, height, title = "", small = false }) {
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}` });
  const heading = title ? [html("div", { class: "title", text: title })] : [];
  frame.stage.append(html("div", { class: small ? "part small" : "part" }, ...heading, picture));
  return picture;
}

/**
 * A drawing with two axes: `{svg, x, y, marks}`; `x` and `y` map numbers to places, and what is
 * appended to `marks` is cut off at the frame. Axes are {domain, ticks, label, text}.
 */
export function plot(frame, { width, height, title, x, y, margin = {} }) {
  const { left = 44, right = 10, top = 10, bottom = 36 } = margin;
  const picture = drawing(frame, { width, height, title });
  const across = scale(x.domain, [left, width - right]);
  const up = scale(y.domain, [height - bottom, top]);
  const label = (text) =>
    raised(text, (digits) => svg("tspan", { class: "raised", dy: "-0.4em", text: digits }));
  const { text = signed } = x;
  for (const tick of x.ticks ?? []) {
    const place = across(tick);
    picture.append(
      svg("line", { class: "grid", x1: place, x2: place, y1: top, y2: height - bottom }),
      svg("text", { x: place, y: height - bottom + 14, "text-anchor": "middle" }, ...label(text(tick))),
    );
  }
  const { text: textUp = signed } = y;
  for (const tick of y.ticks ?? []) {
    const place = up(tick);
    picture.append(
      svg("line", { class: "grid", x1: left, x2: width - right, y1: place, y2: place }),
      svg("text", { x: left - 5, y: place + 4, "text-anchor": "end" }, ...label(textUp(tick))),
    );
  }
  const middle = (left + width - right) / 2;
  if (x.label) {
    picture.append(
      svg("text", { class: "name", x: middle, y: height - 4, "text-anchor": "middle", text: x.label }),
    );
  }
  if (y.label) {
    const place = `translate(11 ${(top + height - bottom) / 2}) rotate(-90)`;
    picture.append(
      svg("text", { class: "name", transform: place, "text-anchor": "middle", text: y.label }),
    );
  }
  const name = unique();
  const inside = { x: left, y: top, width: width - left - right, height: height - top - bottom };
  const marks = svg("g", { "clip-path": `url(#${name})` });
  picture.append(svg("clipPath", { id: name }, svg("rect", inside)), marks);
  return { svg: picture, x: across, y: up, marks, inside };
}

/** Where a pointer is, in the units of a drawing. */
export function place(picture, event) {
  const matrix = picture.getScreenCTM().inverse();
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  return [point.x, point.y];
}

/**
 * Something to drag, by pointer, touch and arrow keys (with Shift, or by Page Up and Page Down, five
 * times as far; Home and End take it to the sides).
 *
 * `at()` gives its place [x, y] in the drawing's units; `move([x, y])` is told where it is wanted and
 * decides where it goes; `step`, or what it returns, is how far a key moves it; `words()` says where
 * it stands. `shape`, an SVG element drawn around (0, 0), stands in for the round handle; `reach` is
 * how far from it a press takes it. With `anywhere`, a press on the drawing brings it there.
 */
export function handle(
  frame,
  picture,
  { label, at, move, words, step = 5, shape, reach = 17, anywhere = false },
) {
  const seen = shape ?? svg("circle", { class: "knob", r: 8 });
  const grip = svg(
    "g",
    { class: "handle", role: "slider", tabindex: 0, "aria-label": label },
    svg("circle", { class: "reach", r: reach }),
    seen,
  );
  let offset = [0, 0];
  const show = () => {
    const [x, y] = at();
    const said = words();
    set(grip, {
      transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})`,
      "aria-valuenow": Math.round(x),
      "aria-valuemin": 0,
      "aria-valuemax": picture.viewBox.baseVal.width,
      "aria-valuetext": said,
    });
  };
  const go = (point) => {
    move(point);
    show();
    frame.changed();
  };
  const seize = (event) => {
    const [x, y] = place(picture, event);
    const [a, b] = at();
    offset = [a - x, b - y];
    grip.setPointerCapture(event.pointerId);
    grip.focus({ preventScroll: true });
    event.preventDefault();
  };
  grip.addEventListener("pointerdown", seize);
  if (anywhere) {
    const come = (event) => {
      if (!grip.contains(event.target)) go(place(picture, event));
    };
    picture.addEventListener("click", come);
    picture.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || grip.contains(event.target)) return;
      come(event); // a finger may want to scroll; what it taps is a click
      seize(event);
    });
  }
  grip.addEventListener("pointermove", (event) => {
    if (!grip.hasPointerCapture(event.pointerId)) return;
    const [x, y] = place(picture, event);
    go([x + offset[0], y + offset[1]]);
  });
  grip.addEventListener("keydown", (event) => {
    const [x, y] = at();
    const far = (typeof step === "function" ? step() : step) * (event.shiftKey ? 5 : 1);
    const places = {
      ArrowLeft: [x - far, y],
      ArrowRight: [x + far, y],
      ArrowUp: [x, y - far],
      ArrowDown: [x, y + far],
      PageUp: [x, y - 5 * far],
      PageDown: [x, y + 5 * far],
      Home: [0, y],
      End: [picture.viewBox.baseVal.width, y],
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    go(places[event.key]);
  });
  picture.append(grip);
  show();
  return { element: grip, show };
}

/**
 * A canvas of `width` × `height` pixels, each shown as a square: `put(rgba)` paints four bytes a
 * pixel on it, `over` is a drawing of the same units on top, `title` is the element above it.
 */
export function picture(frame, { width, height, title, label }) {
  const canvas = html("canvas", { width, height, role: "img", "aria-label": label });
  const over = svg("svg", { viewBox: `0 0 ${width} ${height}` });
  const heading = html("div", { class: "title", text: title });
  const box = html("div", { class: "over" }, canvas, over);
  frame.stage.append(html("div", { class: "part" }, heading, box));
  return { canvas, over, title: heading, put: (rgba, w, h) => paint(canvas, rgba, w ?? width, h ?? height) };
}

/** Paint `width` × `height` pixels, four bytes each, on a canvas, which takes that size. */
function paint(canvas, rgba, width, height) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
}

/** Gray levels in [0, 1] as bytes for a canvas. */
export function grays(values) {
  const rgba = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, i) => rgba.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
  return rgba;
}

/** The colours and marks of a drawing in words. Entries are {class, text, dot}; `dot` is a `mark`. */
export function key(frame, entries) {
  const items = entries.map(({ class: colour, text, dot }) => {
    const sample = svg("svg", { viewBox: "0 0 30 14" });
    sample.append(svg("path", { class: `curve ${colour}`, d: "M1 7H29" }));
    if (dot) {
      const sign = { class: `mark ${colour.split(" ")[0]}`, d: mark(dot, 4.5) };
      sample.append(svg("path", { ...sign, transform: "translate(15 7)" }));
    }
    return html("span", {}, sample, text);
  });
  frame.stage.append(html("div", { class: "key" }, ...items));
}

/** The `d` of a small sign around (0, 0). */
export function mark(shape, r) {
  const corners = { square: [45, 135, 225, 315], diamond: [0, 90, 180, 270], up: [-90, 30, 150], down: [90, 210, 330] };
  if (shape === "disc") return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  const turns = corners[shape].map((degrees) => (degrees * Math.PI) / 180);
  return line(turns.map((a) => [1.25 * r * Math.cos(a), 1.25 * r * Math.sin(a)])) + "Z";
}

/** Numbers in (0, 1) by Marsaglia's xorshift, the same on every machine for the same seed, not 0. */
export function uniforms(seed) {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** `count` numbers of a standard normal distribution, in pairs by Box and Muller. */
export function normals(count, seed) {
  const uniform = uniforms(seed);
  for (let i = 0; i < 16; i++) uniform(); // small seeds start with small numbers
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    numbers[i] = radius * Math.cos(angle);
    if (i + 1 < count) numbers[i + 1] = radius * Math.sin(angle);
  }
  return numbers;
}

/** Places for labels: those wanted, moved until they are `least` apart and all inside. */
export function apart(wanted, least, [low, high]) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const places = wanted.slice();
  let next = low;
  for (const i of order) {
    places[i] = Math.max(places[i], next);
    next = places[i] + least;
  }
  next = high;
  for (const i of order.toReversed()) {
    places[i] = Math.min(places[i], next);
    next = places[i] - least;
  }
  return places;
}

/** A place that no drawing shows is as good as one just outside, and fits into a path. */
export const within = (x) => (Number.isFinite(x) ? clamp(x, -5000, 5000) : 5000);

/** A whole power of ten as a label: 10⁻². */
export const power = (exponent) =>
  exponent === 0
    ? "1"
    : `10${[...String(exponent)].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}`;
