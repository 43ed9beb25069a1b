// Colours photographs beside the page, so that the page never waits. The steps, their names and
// their numbers are those of the package's module `photo`; a test compares what both make.
const [R, G, B] = [0.299, 0.587, 0.114];
const SIZE = 32; // pixels, a side of what a model sees; at least, where it takes any size
const LONGEST = 16; // longer side of a small photograph in shorter ones; what is longer is squeezed
const MULTIPLE = 8; // of height and width, for a model that takes any size
const STEP = SIZE / 2; // at most, from one window to the next
const EPSILON = 0.003; // of the guided filter
const MAX_PIXELS = 1e8;

let ort;
let working; // pixels, the shorter side of the small photograph for a model of any size; at most
const models = new Map(); // name to session, and whether it takes any size
let photo; // the one that is open: what `opened` gives

class InputError extends Error {}

// What the page asks for. Each answer goes back under the number of its question.
const answers = {
  async start({runtime, wasm, working: side}) {
    working = side;
    const url = URL.createObjectURL(new Blob([await unpacked(runtime)], {type: "text/javascript"}));
    ort = await import(url);
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = await unpacked(wasm);
  },
  async load({name, content, anySize}) {
    models.set(name, {session: await ort.InferenceSession.create(await unpacked(content)), anySize});
  },
  // Tests compare this with Keras: gray of n images of one size, in [0, 1], to RGB.
  predict: ({name, gray, height, width}) => predict(models.get(name), gray, height, width),
  async open({file, name}) {
    photo = await opened(file, name);
    photo.small = {}; // two kinds: for models of any size, true, or not, false
    photo.chroma = {};
    const {width, height, note, rgba, gray} = photo;
    const copy = paintGray(rgba, gray);
    return {width, height, note, rgba, gray: copy, error: hasColour(rgba) ? mse(rgba, copy) : null};
  },
  async paint({name, saturation}) {
    const model = models.get(name);
    const small = (photo.small[model.anySize] ??= thumbnail(photo, model.anySize));
    const chromaBy = model.anySize ? chromaInOnePass : chromaOfWindows;
    photo.chroma[name] ??= await chromaBy(model, small);
    const rgba = paint(photo, small, photo.chroma[name], saturation);
    return {rgba, error: hasColour(photo.rgba) ? mse(photo.rgba, rgba) : null};
  },
};

let queue = Promise.resolve(); // one question after the other

self.onmessage = ({data: {number, question, ...details}}) => {
  queue = queue.then(async () => {
    try {
      self.postMessage({number, answer: await answers[question](details)});
    } catch (error) {
      const sentence = error instanceof InputError ? error.message : `This browser cannot: ${error.message}`;
      self.postMessage({number, sentence});
    }
  });
};

async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function predict({session}, gray, height = SIZE, width = SIZE) {
  const images = new ort.Tensor("float32", gray, [gray.length / (height * width), height, width, 1]);
  const {[session.outputNames[0]]: rgb} = await session.run({[session.inputNames[0]]: images});
  return rgb.data;
}

// --- a file's pixels

async function opened(file, name) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!bytes.length) throw new InputError(`${name} is empty.`);
  const kind = KINDS.find(({mark}) => mark(String.fromCharCode(...bytes.subarray(0, 12))));
  if (!kind) {
    throw new InputError(`${name} is not an image that can be read; JPEG, PNG, WebP, GIF and BMP can.`);
  }
  try {
    const {width, height, frames} = kind.look(new DataView(bytes.buffer));
    if (width * height > MAX_PIXELS) {
      throw new InputError(`${name} has over 100 million pixels, more than can be coloured.`);
    }
    const options = {imageOrientation: "from-image", premultiplyAlpha: "none"};
    const image = await createImageBitmap(file, options);
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const rgba = context.getImageData(0, 0, image.width, image.height).data;
    const note = frames > 1 ? `${name} has ${frames} frames; the first was taken.` : "";
    return {width: image.width, height: image.height, rgba, gray: toGray(rgba), note};
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${name} is cut short or damaged.`);
  }
}

// How a file begins, and what its header says. Browsers decode what there is of a file that is cut
// short, and all that a header promises; so each kind is followed to its end. Reading past the end
// of a DataView throws, and so does `damaged`.
const KINDS = [
  {mark: (head) => head.startsWith("\xff\xd8\xff"), look: lookAtJpeg},
  {mark: (head) => head.startsWith("\x89PNG\r\n\x1a\n"), look: lookAtPng},
  {mark: (head) => head.startsWith("RIFF") && head.endsWith("WEBP"), look: lookAtWebp},
  {mark: (head) => /^GIF8[79]a/.test(head), look: lookAtGif},
  {mark: (head) => head.startsWith("BM"), look: lookAtBmp},
];

function damaged() {
  throw new RangeError("damaged");
}

function lookAtJpeg(view) {
  let size = null;
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) damaged();
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1; // padding
      continue;
    }
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame) size = {width: view.getUint16(at + 7), height: view.getUint16(at + 5), frames: 1};
    at += 2 + view.getUint16(at + 2);
    if (marker !== 0xda) continue;
    while (view.getUint16(at) !== 0xffd9) at += 1; // the end of the image, or of the file: throws
    return size ?? damaged();
  }
}

function lookAtPng(view) {
  let frames = 1;
  for (let at = 8; ; ) {
    const [length, type] = [view.getUint32(at), view.getUint32(at + 4)];
    if (type === 0x6163544c) frames = view.getUint32(at + 8); // acTL
    if (type === 0x49454e44) break; // IEND
    at += 12 + length;
  }
  return {width: view.getUint32(16), height: view.getUint32(20), frames};
}

function lookAtWebp(view) {
  const end = 8 + view.getUint32(4, true);
  if (end > view.byteLength) damaged();
  let [size, frames] = [null, 0];
  for (let at = 12; at + 8 <= end; ) {
    const type = view.getUint32(at);
    if (type === 0x56503858) { // VP8X
      const side = (offset) => 1 + (view.getUint32(at + offset, true) & 0xffffff);
      size = {width: side(12), height: side(15)};
    } else if (type === 0x56503820) { // VP8, lossy
      const side = (offset) => view.getUint16(at + offset, true) & 0x3fff;
      size ??= {width: side(14), height: side(16)};
    } else if (type === 0x5650384c) { // VP8L, lossless
      const bits = view.getUint32(at + 9, true);
      size ??= {width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff)};
    } else if (type === 0x414e4d46) { // ANMF
      frames += 1;
    }
    const length = view.getUint32(at + 4, true);
    at += 8 + length + (length % 2);
  }
  return {...(size ?? damaged()), frames};
}

function lookAtGif(view) {
  const table = (flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let frames = 0;
  for (let at = 13 + table(view.getUint8(10)); ; ) {
    const block = view.getUint8(at);
    if (block === 0x3b) break;
    if (block === 0x21) at += 2; // an extension
    else if (block === 0x2c) {
      frames += 1;
      at += 11 + table(view.getUint8(at + 9));
    } else damaged();
    while (view.getUint8(at)) at += 1 + view.getUint8(at);
    at += 1;
  }
  return {width: view.getUint16(6, true), height: view.getUint16(8, true), frames};
}

function lookAtBmp(view) {
  if (view.getUint32(2, true) > view.byteLength) damaged();
  return {width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)), frames: 1};
}

// --- gray and chroma

function toGray(rgba) { // as OpenCV rounds it
  const gray = new Uint8Array(rgba.length / 4);
  for (let i = 0, j = 0; i < gray.length; i++, j += 4) {
    gray[i] = (9798 * rgba[j] + 19235 * rgba[j + 1] + 3735 * rgba[j + 2] + 16384) >> 15;
  }
  return gray;
}

function hasColour(rgba) {
  for (let j = 0; j < rgba.length; j += 4) {
    if (rgba[j] !== rgba[j + 1] || rgba[j] !== rgba[j + 2]) return true;
  }
  return false;
}

function mse(truth, rgba) {
  let sum = 0;
  for (let j = 0; j < truth.length; j += 4) {
    for (let k = j; k < j + 3; k++) sum += (truth[k] - rgba[k]) ** 2;
  }
  return sum / (0.75 * truth.length * 255 ** 2);
}

function paintGray(rgba, gray) {
  const copy = new Uint8ClampedArray(rgba);
  for (let i = 0, j = 0; i < gray.length; i++, j += 4) copy.fill(gray[i], j, j + 3);
  return copy;
}

// The photograph as small as a model wants it: its shorter side 32 pixels; for a model of any size as
// many as it has, from 32 to `working`.
function thumbnail({gray, width, height}, anySize) {
  const shorter = Math.min(width, height);
  const side = anySize ? Math.min(Math.max(shorter, SIZE), working) : SIZE;
  const [n, m] = [width, height].map(
    (size) => Math.min(Math.max(rounded((size * side) / shorter), side), LONGEST * side));
  const values = Float32Array.from(gray, (level) => level / 255);
  return {width: n, height: m, values: resized(values, width, height, n, m)};
}

function rounded(number) { // as Python does: a half to the even side
  return number % 1 === 0.5 ? 2 * Math.round(number / 2) : Math.round(number);
}

// Chroma is what a colour is beyond its gray: R - Y and B - Y.
function chroma(rgb, i) {
  const [r, g, b] = rgb.subarray(3 * i, 3 * i + 3);
  const luminance = R * r + G * g + B * b;
  return [r - luminance, b - luminance];
}

// The chroma of a small photograph by a model of any size. Height and width are filled up to a
// multiple of 8 with copies of the last row and column.
async function chromaInOnePass(model, {width, height, values}) {
  const [n, m] = [width, height].map((size) => MULTIPLE * Math.ceil(size / MULTIPLE));
  const filled = Float32Array.from({length: n * m}, (_, i) =>
    values[Math.min(Math.floor(i / n), height - 1) * width + Math.min(i % n, width - 1)]);
  const rgb = await predict(model, filled, m, n);
  const [red, blue] = [0, 1].map(() => new Float32Array(values.length));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) [red[at], blue[at]] = chroma(rgb, y * n + x);
  }
  return {red, blue};
}

// The chroma of a small photograph by a model of 32x32 pixels, from square windows that overlap.
async function chromaOfWindows(model, {width, height, values}) {
  const upright = height > width;
  const free = Math.max(width, height) - SIZE;
  const count = 1 + Math.ceil(free / STEP);
  const starts = Array.from({length: count}, (_, i) => Math.round((i * free) / Math.max(count - 1, 1)));
  const place = (start, y, x) => (upright ? (start + y) * width + x : y * width + start + x);
  const everywhere = (use) => starts.forEach((start, i) => {
    for (let y = 0, k = i * SIZE ** 2; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++, k++) use(k, place(start, y, x), upright ? y : x);
    }
  });
  const windows = new Float32Array(count * SIZE ** 2);
  everywhere((k, at) => { windows[k] = values[at]; });
  const rgb = await predict(model, windows);
  const [red, blue, weights] = [0, 1, 2].map(() => new Float32Array(values.length));
  everywhere((k, at, along) => {
    const [cr, cb] = chroma(rgb, k);
    const weight = 1 - Math.abs((2 * (along + 1)) / (SIZE + 1) - 1);
    red[at] += weight * cr;
    blue[at] += weight * cb;
    weights[at] += weight;
  });
  return {red: red.map((sum, at) => sum / weights[at]), blue: blue.map((sum, at) => sum / weights[at])};
}

// The chroma brought up to the photograph's size and added to its own gray: c + a (Y - y).
function paint({rgba, gray, width, height}, small, {red, blue}, saturation) {
  const planes = [small.values, red, blue, slopes(small, red), slopes(small, blue)];
  const wide = planes.map((plane) => resized(plane, small.width, small.height, width, small.height));
  const rows = wide.map(() => new Float32Array(width));
  const [y, r, b, redSlope, blueSlope] = rows;
  const result = new Uint8ClampedArray(rgba);
  const {first, taps, weights} = resizing(small.height, height);
  for (let i = 0, at = 0; i < height; i++) {
    wide.forEach((plane, k) => {
      const row = rows[k].fill(0);
      for (let t = 0; t < taps; t++) {
        const weight = weights[i * taps + t];
        const from = (first[i] + t) * width;
        if (weight) for (let x = 0; x < width; x++) row[x] += weight * plane[from + x];
      }
    });
    for (let x = 0; x < width; x++, at++) {
      const luminance = gray[at] / 255;
      const detail = luminance - y[x];
      const cr = saturation * (r[x] + redSlope[x] * detail);
      const cb = saturation * (b[x] + blueSlope[x] * detail);
      const cg = -(R * cr + B * cb) / G;
      const highest = Math.max(cr, cg, cb); // not negative, as the weighted sum is zero
      const lowest = Math.min(cr, cg, cb);
      const room = 255 * Math.min(
        1, (1 - luminance) / (highest + 1e-6), luminance / (1e-6 - lowest));
      result[4 * at] = gray[at] + room * cr; // rounded by the array
      result[4 * at + 1] = gray[at] + room * cg;
      result[4 * at + 2] = gray[at] + room * cb;
    }
  }
  return result;
}

// By how much chroma rises with luminance around each pixel, as a guided filter has it.
function slopes({width, height, values}, chroma) {
  const mean = (plane) => blurred(plane, width, height);
  const [y, c] = [mean(values), mean(chroma)];
  const [yy, yc] = [mean(values.map((v) => v * v)), mean(values.map((v, i) => v * chroma[i]))];
  return mean(y.map((m, i) => (yc[i] - m * c[i]) / (yy[i] - m * m + EPSILON)));
}

function blurred(plane, width, height) { // the mean of 3x3
  const clamp = (i, size) => Math.min(Math.max(i, 0), size - 1);
  return plane.map((_, i) => {
    let sum = 0;
    for (let dy = -1; dy <= 1; dy++) {
      const row = clamp(Math.floor(i / width) + dy, height) * width;
      for (let dx = -1; dx <= 1; dx++) sum += plane[row + clamp((i % width) + dx, width)];
    }
    return sum / 9;
  });
}

// --- resizing, each axis by itself: bicubic where it grows, the mean of the area where it shrinks

// Element i of the result is the sum over t < taps of weights[i, t] times element first[i] + t.
function resizing(size, target) {
  const scale = size / target;
  const area = target < size;
  const taps = Math.min(size, area ? Math.ceil(scale) + 1 : 4);
  const first = new Int32Array(target);
  const weights = new Float32Array(target * taps);
  for (let i = 0; i < target; i++) {
    const begin = area ? Math.floor(i * scale) : Math.floor((i + 0.5) * scale - 0.5) - 1;
    first[i] = Math.min(Math.max(begin, 0), size - taps);
    const reach = area ? Math.ceil(scale) + 1 : 4;
    for (let t = begin; t < begin + reach; t++) {
      const weight = area
        ? Math.max(0, Math.min(t + 1, (i + 1) * scale) - Math.max(t, i * scale)) / scale
        : target === size ? Number(t === i) : cubic((i + 0.5) * scale - 0.5 - t);
      const inside = Math.min(Math.max(t, 0), size - 1); // the border is repeated
      if (weight) weights[i * taps + inside - first[i]] += weight;
    }
  }
  return {first, taps, weights};
}

function cubic(distance) { // Keys 1981, with OpenCV's -3/4
  const [a, x] = [-0.75, Math.abs(distance)];
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

function resized(values, width, height, newWidth, newHeight) {
  const tall = resizedRows({width, height, values}, newHeight);
  return transposed(resizedRows(transposed(tall), newWidth)).values;
}

function resizedRows({width, height, values}, newHeight) {
  if (newHeight === height) return {width, height, values};
  const {first, taps, weights} = resizing(height, newHeight);
  const result = new Float32Array(width * newHeight);
  for (let i = 0; i < newHeight; i++) {
    for (let t = 0; t < taps; t++) {
      const weight = weights[i * taps + t];
      const [from, to] = [(first[i] + t) * width, i * width];
      if (weight) for (let x = 0; x < width; x++) result[to + x] += weight * values[from + x];
    }
  }
  return {width, height: newHeight, values: result};
}

function transposed({width, height, values}) {
  const result = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result[x * height + y] = values[y * width + x];
  }
  return {width: height, height: width, values: result};
}
