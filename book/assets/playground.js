// The playground: a photograph in, every model's colours out. Nothing is fetched before the first
// photograph is chosen; all computing is done by a worker (playground_worker.js).
for (const root of document.querySelectorAll(".playground")) {
  const {folder, sizes, models} = JSON.parse(root.dataset.settings);
  const find = (selector) => root.querySelector(selector);
  const [status, progress, results] = ["[role=status]", "progress", ".results"].map(find);
  const [before, saturation] = [".before", ".saturation"].map(find);
  const figures = new Map(); // model to what is shown of it
  let stem; // of the photograph's name, for downloads

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

  function fetched(part) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.onload = () => {
        progress.value += sizes[part];
        resolve(script.content);
        script.remove();
      };
      script.onerror = () => {
        script.remove();
        reject(new Error(`A part of the playground, ${part}, cannot be fetched; try again.`));
      };
      script.src = `${folder}${part}.js`;
      document.head.append(script);
    });
  }

  async function start() {
    progress.max = Object.values(sizes).reduce((a, b) => a + b);
    progress.value = 0;
    progress.hidden = false;
    try {
      const text = await unpackedText(await fetched("worker"));
      worker = new Worker(URL.createObjectURL(new Blob([text], {type: "text/javascript"})));
      worker.onmessage = hear;
      await ask("start", {runtime: await fetched("runtime"), wasm: await fetched("wasm")});
      for (const name of Object.keys(models)) await ask("load", {name, content: await fetched(name)});
      find(".cost").hidden = true;
    } finally {
      progress.hidden = true;
    }
  }

  async function unpackedText(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  let started; // a promise; none before it is asked for, and none again where it failed

  function ready() {
    started ??= start().catch((error) => {
      started = undefined;
      throw error;
    });
    return started;
  }

  // For tests: gray images (n * 32 * 32 numbers in [0, 1]) to a model's RGB.
  root.predict = (name, gray) => ready().then(() => ask("predict", {name, gray}));

  // --- a photograph

  let turn = 0; // of the photographs chosen; what an earlier one still brings is dropped

  async function open(file, name) {
    const mine = ++turn;
    try {
      status.textContent = started ? "Colouring." : "Fetching the models.";
      await ready();
      if (mine !== turn) return;
      status.textContent = "Colouring.";
      const photo = await ask("open", {file, name});
      if (mine !== turn) return;
      stem = name.replace(/\.[^.]*$/, "");
      show(photo);
      await repaint();
      if (mine === turn) status.textContent = `${name}, ${photo.width} × ${photo.height}. ${photo.note}`;
    } catch (error) {
      if (mine === turn) status.textContent = error.message;
    }
  }

  function show({width, height, rgba, gray, error}) {
    find(".controls").hidden = false;
    const canvas = (pixels, label) => {
      const made = Object.assign(document.createElement("canvas"), {width, height});
      made.setAttribute("role", "img");
      made.setAttribute("aria-label", label);
      if (pixels) draw(made, pixels);
      return made;
    };
    figures.clear();
    results.replaceChildren(figure([canvas(rgba, "The photograph")], "The photograph"));
    for (const [name, title] of Object.entries(models)) {
      const coloured = canvas(null, `${title}, coloured`);
      coloured.className = "coloured";
      const score = document.createElement("span");
      const button = Object.assign(document.createElement("button"), {
        type: "button",
        textContent: "Download",
        onclick: () => download(coloured, `${stem}-${name}.png`),
      });
      button.setAttribute("aria-label", `Download what ${name} made`);
      results.append(figure([canvas(gray, `${title}, gray`), coloured], title, score, button));
      figures.set(name, {coloured, score, floor: error});
    }
    divide();
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
    painting = painting.catch(() => {}).then(async () => {
      for (const [name, {coloured, score, floor}] of figures) {
        if (mine !== wanted) return;
        const {rgba, error} = await ask("paint", {name, saturation: Number(saturation.value)});
        if (figures.get(name)?.coloured !== coloured) return; // another photograph has come
        draw(coloured, rgba);
        score.textContent = error === null
          ? "It has no colour to compare with."
          : `MSE ${error.toFixed(4)}, gray copy ${floor.toFixed(4)}`;
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
