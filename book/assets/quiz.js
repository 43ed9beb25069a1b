// Marks the questions of a page, tells where a screen reader hears it, counts what is right, and
// keeps the answers in this browser until the reader starts again.
(() => {
  const forms = [...document.querySelectorAll("form.quiz")];
  const tally = document.querySelector(".quiz-tally");

  // What a reader answered. A browser may refuse to keep it; then the page just forgets.
  const memory = {
    recall(key) {
      try {
        return JSON.parse(localStorage.getItem(`quiz:${key}`));
      } catch {
        return null;
      }
    },
    keep(key, state) {
      try {
        if (state) localStorage.setItem(`quiz:${key}`, JSON.stringify(state));
        else localStorage.removeItem(`quiz:${key}`);
      } catch {}
    },
  };

  // A kind of question reads the reader's answer (null as long as there is none), puts one back
  // (null: as in the beginning), marks it, and tells more than whether it is right.
  const KINDS = {
    choice: {
      nothing: "Choose an answer first.",
      prepare() {},
      read(form) {
        const chosen = form.querySelector("input:checked");
        return chosen && Number(chosen.value);
      },
      put(form, answer) {
        form.querySelectorAll("input").forEach((input, i) => (input.checked = i === answer));
      },
      isRight(form, answer) {
        return form.querySelectorAll("input")[answer].dataset.right === "true";
      },
      tell(form, { answer }) {
        const explained = form.querySelectorAll("details li")[answer].cloneNode(true);
        explained.querySelector(".verdict").remove();
        return [...explained.childNodes];
      },
    },

    number: {
      nothing: "Type a number, such as 0.5, 12 % or 1,024.",
      prepare(form) {
        form.querySelector(".asked").hidden = false;
      },
      read(form) {
        const answers = [...form.querySelectorAll("input")].map((input) => input.value);
        return answers.every((text) => readings(text).length) ? answers : null;
      },
      put(form, answer) {
        form.querySelectorAll("input").forEach((input, i) => (input.value = answer?.[i] ?? ""));
      },
      isRight(form, answer) {
        return JSON.parse(form.dataset.numbers).every(({ right, within }, i) =>
          readings(answer[i]).some((value) => Math.abs(value - right) <= within * (1 + 1e-9)),
        );
      },
      tell(form, { right, fresh }) {
        if (!right) return [];
        const solution = solutionTo(form.dataset.exercise);
        if (fresh && solution?.classList.contains("toggle-hidden")) {
          solution.querySelector(".toggle-button").click();
        }
        return ["The solution says why."];
      },
    },

    order: {
      nothing: "",
      prepare(form) {
        const list = form.querySelector("ol.order");
        form.initial = [...list.children];
        form.initial.forEach((item) => makeMovable(form, list, item));
      },
      read(form) {
        return [...form.querySelectorAll("ol.order > li")].map((item) => Number(item.dataset.place));
      },
      put(form, answer) {
        const places = answer && answer.map(String);
        const items = places
          ? places.map((place) => form.initial.find((item) => item.dataset.place === place))
          : form.initial;
        form.querySelector("ol.order").append(...items);
      },
      isRight(form, answer) {
        return answer.every((place, i) => place === i);
      },
      tell(form, { answer, right }) {
        if (right) return [...form.querySelector(".why").cloneNode(true).childNodes];
        const placed = answer.filter((place, i) => place === i).length;
        return [`${placed} of ${answer.length} stand where they belong.`];
      },
    },
  };

  // What a reader may mean by a text: "0,5" is a half; "1,024" a thousand, or one and a bit.
  function readings(text) {
    const clean = text.trim().replace(/[\u2212\u2013]/g, "-");
    const match = clean.match(
      /^[≈~]?\s*([-+]?\s*(?:\d[\d\s,.'’]*|[.,]\d+)(?:e[-+]?\d+)?)\s*(?:\/\s*(\d[\d.,]*)\s*)?(%|[a-zµση² ]*)$/i,
    );
    if (!match) return [];
    const [, number, divisor, unit] = match;
    const divisors = divisor ? decimals(divisor) : [1];
    const scale = unit === "%" ? 100 : 1;
    return decimals(number).flatMap((value) => divisors.map((by) => value / by / scale));
  }

  function decimals(text) {
    const bare = text.replace(/[\s'’]/g, "");
    const marks = bare.match(/[.,]/g) ?? [];
    const grouped = /^[-+]?[1-9]\d{0,2}([.,]\d{3})+$/.test(bare) && new Set(marks).size === 1;
    const found = [];
    if (grouped) found.push(bare.replace(/[.,]/g, ""));
    if (marks.length === 1) found.push(bare.replace(",", "."));
    if (new Set(marks).size === 2) {
      const last = marks.at(-1); // the other one parts thousands
      found.push(bare.replaceAll(last === "." ? "," : ".", "").replace(",", "."));
    }
    if (!marks.length) found.push(bare);
    return found.map(Number).filter(Number.isFinite);
  }

  function solutionTo(exercise) {
    const title = document.querySelector(`.solution > .admonition-title a[href$="#${exercise}"]`);
    return title?.closest(".solution");
  }

  // An item of an order moves by its buttons, by the arrow keys while one has the focus, and by its
  // grip. Its neighbour is what is taken out and put in, so that the focus stays.
  function makeMovable(form, list, item) {
    const name = item.textContent.trim();
    const grip = document.createElement("span");
    grip.className = "grip";
    grip.ariaHidden = "true";
    const buttons = [
      ["up", "↑"],
      ["down", "↓"],
    ].map(([way, sign]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.ariaLabel = `Move ${way}: ${name}`;
      button.textContent = sign;
      button.addEventListener("click", () => move(way));
      return button;
    });
    item.prepend(grip);
    item.append(...buttons);

    function move(way) {
      const neighbour = way === "up" ? item.previousElementSibling : item.nextElementSibling;
      if (!neighbour) return;
      if (way === "up") item.after(neighbour);
      else item.before(neighbour);
      const place = [...list.children].indexOf(item) + 1;
      clear(form);
      told(form).textContent = `${name}: now ${place} of ${list.children.length}.`;
    }
    item.addEventListener("keydown", (event) => {
      const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
      if (!way) return;
      event.preventDefault();
      move(way);
    });
    grip.addEventListener("pointerdown", (event) => {
      grip.setPointerCapture(event.pointerId);
      item.classList.add("dragged");
    });
    grip.addEventListener("pointermove", (event) => {
      if (!grip.hasPointerCapture(event.pointerId)) return;
      const [above, below] = [item.previousElementSibling, item.nextElementSibling].map((other) => {
        const box = other?.getBoundingClientRect();
        return box && box.top + box.height / 2;
      });
      if (above && event.clientY < above) move("up");
      else if (below && event.clientY > below) move("down");
    });
    grip.addEventListener("lostpointercapture", () => item.classList.remove("dragged"));
  }

  const told = (form) => form.querySelector("[role=status]");

  function clear(form) {
    told(form).replaceChildren();
    delete form.dataset.verdict;
  }

  function show(form, state) {
    const verdict = document.createElement("strong");
    verdict.className = "verdict";
    verdict.textContent = state.right ? "✓ Right." : "✗ Not yet.";
    const parts = [verdict, " ", ...KINDS[form.dataset.kind].tell(form, state)];
    const hint = form.querySelector(".hint");
    const helped = hint && !state.right && state.misses > 1;
    if (helped) parts.push(" Hint: ", ...hint.cloneNode(true).childNodes);
    if (helped) form.querySelector("details").hidden = false;
    told(form).replaceChildren(...parts);
    form.dataset.verdict = state.right ? "right" : "wrong";
  }

  function count() {
    const parts = [
      ["quiz", "Quiz"],
      ["exercise", "Exercises"],
    ].flatMap(([group, title]) => {
      const all = forms.filter((form) => form.dataset.group === group);
      if (!all.length) return [];
      const right = all.filter((form) => form.state?.right).length;
      const first = all.filter((form) => form.state?.right && !form.state.misses).length;
      const times = right && first < right ? `, ${first} of them at the first try` : "";
      return [`${title}: ${right} of ${all.length} right${times}.`];
    });
    tally.querySelector("p").textContent = parts.join(" ");
  }

  function begin(form) {
    const kind = KINDS[form.dataset.kind];
    form.querySelector("details").hidden = true;
    form.querySelector("[type=submit]").hidden = false;
    kind.prepare(form);
    form.dataset.ready = "";
    form.state = memory.recall(form.dataset.key);
    if (form.state) {
      kind.put(form, form.state.answer);
      show(form, form.state);
    }
    form.addEventListener("input", () => clear(form));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = kind.read(form);
      if (answer === null) {
        clear(form);
        told(form).textContent = kind.nothing;
        return;
      }
      const right = kind.isRight(form, answer);
      const misses = (form.state?.misses ?? 0) + !right;
      form.state = { answer, right, misses };
      memory.keep(form.dataset.key, form.state);
      show(form, { ...form.state, fresh: true });
      count();
    });
  }

  tally.querySelector("button").addEventListener("click", () => {
    for (const form of forms) {
      form.state = null;
      memory.keep(form.dataset.key, null);
      KINDS[form.dataset.kind].put(form, null);
      form.querySelector("details").hidden = true;
      clear(form);
    }
    count();
  });

  forms.forEach(begin);
  count();
  tally.hidden = false;
})();
