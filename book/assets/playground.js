// The playground: a photograph in, models' colours out. Nothing is fetched before the first
// photograph is chosen, and then only the first model; each other one when its box is ticked. All
// computing is done by a worker (playground_worker.js).
for (const root of document.querySelectorAll(".playground")) {
  const {folder, sizes, models, anySize, working} = JSON.parse(root.dataset.settings);
  const [first] = Object.keys(models);
  const find = (selector) => root.querySelector(selector);
  const [status, progress, results] = ["[role=status]", "progress", ".results"].map(find);
  const [before, saturation] = [".before", ".saturation"].map(find);
  const boxes = [...root.querySelectorAll("[type=checkbox]")]; // in the order of the models

  // --- the worker, and what it needs

  let worker;
  const waiting = new Map(); // number of a question to who asked it

  let asked = 0;

  function ask(question, details = {}) {
    const number = ++asked;
    return new Promise((resolve, reject) => {
      waiting.set(number, {resolve, reject});
      worker.postMessage({number, question, ...details});
    });
  }

  function hear({data: {number, answer, sentence}}) {
    const {resolve, reject} = waiting.get(number);
    waiting.delete(number);
    if (sentence === undefined) resolve(answer);
    else reject(new Error(sentence));
  }

  const fetching = {due: 0, here: 0}; // bytes

  async function fetched(part) {
    const script = document.createElement("script");
    script.src = `${folder}${part}.js`;
    advance("due", sizes[part]);
    try {
      await new Promise((resolve, reject) => {
        Object.assign(script, {onload: resolve, onerror: reject});
        document.head.append(script);
      });
      return script.content;
    } catch {
      throw new Error(`A part of the playground, ${part}, cannot be fetched; try again.`);
    } finally {
      script.remove();
      advance("here", sizes[part]);
    }
  }

  function advance(what, bytes) {
    fetching[what] += bytes;
    progress.hidden = fetching.here === fetching.due;
    if (progress.hidden) fetching.here = fetching.due = 0;
    progress.max = fetching.due || 1;
    if (fetching.here) progress.value = fetching.here;
    else progress.removeAttribute("value"); // it moves, although nothing is here yet
  }

  async function unpackedText(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  const kept = new Map(); // what is asked for once, and again where it failed: name to promise

  function once(name, make) {
    if (!kept.has(name)) {
      const promise = make();
      kept.set(name, promise);
      promise.catch(() => kept.delete(name));
    }
    return kept.get(name);
  }

  async function start() {
    const [text, runtime, wasm] = await Promise.all(["worker", "runtime", "wasm"].map(fetched));
    const url = URL.createObjectURL(new Blob([await unpackedText(text)], {type: "text/javascript"}));
    worker = new Worker(url);
    worker.onmessage = hear;
    await ask("start", {runtime, wasm, working});
  }

  const loaded = new Set(); // names of models

  const load = (name) => once(name, async () => {
    const [content] = await Promise.all([fetched(name), once("start", start)]);
    await ask("load", {name, content, anySize: anySize.includes(name)});
    loaded.add(name);
  });

  // For tests: gray images (n * height * width numbers in [0, 1]) to a model's RGB.
  root.predict = (name, gray, height, width) =>
    load(name).then(() => ask("predict", {name, gray, height, width}));

  // --- a photograph

  let photo; // what the worker tells of it, its stem for downloads, and a sentence on it
  const figures = new Map(); // model to what is shown of it
  let turn = 0; // of the photographs chosen; only the newest has the status

  async function open(file, name) {
    const mine = ++turn;
    try {
      status.textContent = loaded.has(first) ? "Colouring." : "Fetching the model.";
      await load(first);
      if (mine !== turn) return;
      find(".cost").hidden = true;
      status.textContent = "Colouring.";
      const opened = await ask("open", {file, name});
      photo = {
        ...opened,
        stem: name.replace(/\.[^.]*$/, ""),
        sentence: `${name}, ${opened.width} × ${opened.height}. ${opened.note}`,
        figure: figure([canvas(opened, opened.rgba, "The photograph")], "The photograph"),
      };
      find(".controls").hidden = false;
      figures.clear();
      arrange();
      divide();
      await repaint();
      if (mine === turn) status.textContent = photo.sentence;
      bringUp();
    } catch (error) {
      if (mine === turn) status.textContent = error.message;
    }
  }

  // Where most of the results are below what the reader sees, they come up.
  function bringUp() {
    if (results.getBoundingClientRect().top < innerHeight / 2) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    results.scrollIntoView({behavior: calm ? "instant" : "smooth"});
  }

  // The photograph and, in their order, the models that are wanted and here.
  function arrange() {
    const names = [first, ...boxes.filter((box) => box.checked).map((box) => box.value)];
    const shown = names.filter((name) => loaded.has(name));
    for (const name of figures.keys()) if (!shown.includes(name)) figures.delete(name);
    for (const name of shown) if (!figures.has(name)) figures.set(name, coloured(name));
    results.replaceChildren(photo.figure, ...shown.map((name) => figures.get(name).figure));
  }

  function coloured(name) {
    const title = models[name];
    const picture = canvas(photo, null, `${title}, coloured`);
    picture.className = "coloured";
    const score = document.createElement("span");
    const {stem} = photo;
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      textContent: "Download",
      onclick: () => download(picture, `${stem}-${name}.png`),
    });
    button.setAttribute("aria-label", `Download what ${name} made`);
    const pictures = [canvas(photo, photo.gray, `${title}, gray`), picture];
    return {picture, score, figure: figure(pictures, title, score, button)};
  }

  function canvas({width, height}, pixels, label) {
    const made = Object.assign(document.createElement("canvas"), {width, height});
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", label);
    if (pixels) draw(made, pixels);
    return made;
  }

  function figure(pictures, title, ...rest) {
    const made = document.createElement("figure");
    const pair = document.createElement("div");
    pair.className = "pair";
    pair.append(...pictures);
    const caption = document.createElement("figcaption");
    const heading = document.createElement("strong");
    heading.textContent = title;
    caption.append(heading, ...rest);
    made.append(pair, caption);
    return made;
  }

  function draw(canvas, rgba) {
    canvas.getContext("2d").putImageData(new ImageData(rgba, canvas.width, canvas.height), 0, 0);
  }

  let wanted = 0;
  let painting = Promise.resolve();

  // Only the newest saturation counts: what was wanted before it stops.
  function repaint() {
    const mine = ++wanted;
    const factor = Number(saturation.value);
    painting = painting.catch(() => {}).then(async () => {
      for (const [name, shown] of figures) {
        if (mine !== wanted) return;
        if (shown.factor === factor) continue; // nothing has changed for it
        const {rgba, error} = await ask("paint", {name, saturation: factor});
        if (figures.get(name) !== shown) return; // another photograph has come
        shown.factor = factor;
        draw(shown.picture, rgba);
        shown.score.textContent = error === null
          ? "It has no colour to compare with."
          : `MSE ${error.toFixed(4)}, gray copy ${photo.error.toFixed(4)}`;
      }
    });
    return painting;
  }

  function download(canvas, name) {
    canvas.toBlob((blob) => {
      const link = Object.assign(document.createElement("a"), {href: URL.createObjectURL(blob), download: name});
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }

  // --- what the reader does

  function divide() {
    before.nextElementSibling.textContent = `${before.value} %`;
    results.style.setProperty("--before", `${before.value}%`);
  }

  async function compare(box) {
    const sentence = "Adding a model.";
    try {
      if (box.checked) status.textContent = sentence;
      if (box.checked) await load(box.value);
      if (loaded.has(box.value)) box.labels[0].querySelector("small")?.remove(); // the cost of it
      arrange();
      await repaint();
      if (status.textContent === sentence) status.textContent = photo.sentence;
    } catch (error) {
      box.checked = false; // so that it can be ticked again
      status.textContent = error.message;
    }
  }

  for (const box of boxes) box.addEventListener("change", () => compare(box));
  before.addEventListener("input", divide);
  saturation.addEventListener("input", () => {
    saturation.nextElementSibling.textContent = Number(saturation.value).toFixed(1);
    repaint().catch((error) => (status.textContent = error.message));
  });
  results.addEventListener("pointermove", (event) => {
    const pair = event.target.closest(".pair");
    if (!pair || (event.pointerType === "mouse" && !event.buttons)) return;
    const {left, width} = pair.getBoundingClientRect();
    before.value = (100 * (event.clientX - left)) / width;
    divide();
  });
  find("input[type=file]").addEventListener("change", ({target}) => {
    if (target.files[0]) open(target.files[0], target.files[0].name);
    target.value = ""; // so that the same file can be chosen again
  });
  for (const button of root.querySelectorAll(".bundled button")) {
    button.addEventListener("click", async () => {
      const photograph = await fetch(button.querySelector("img").src);
      open(await photograph.blob(), button.dataset.name);
    });
  }
  root.addEventListener("dragover", (event) => event.preventDefault());
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) open(file, file.name);
  });
  document.addEventListener("paste", ({clipboardData}) => {
    const [file] = clipboardData.files;
    if (file) open(file, file.name);
  });
  status.textContent = "";
}
