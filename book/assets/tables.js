// Long tables: sorted by their heads, filtered, unfolded; the best value and the floor marked.
// And scorecards: claims with verdicts, filtered by verdict.
(() => {
  const FLOOR = /gray copy|photocopier/i;
  const NO_RIVAL = /oracle|truth|record/i; // not among those of which one is best; the floor is
  const RIVALS = /^(name|model|experiment|test images|last layer)/i; // heads of columns of such
  const WORTH = [
    // what a measure is called, or which value is best; how far a value is from that
    [/^low$|mse|mae|ciede|loss|error/i, (value) => value],
    [/^high$|psnr|ssim|accuracy/i, (value) => -value],
    [/^1$|colorfulness/i, (value) => Math.abs(value - 1)],
  ];
  const VERDICTS = [
    // what a verdict begins with, its mark, its colour
    ["holds", "✓", "green"],
    ["does not hold", "✗", "orange"],
    ["no difference that matters", "=", "blue"],
    ["undecided", "≈", "violet"],
    ["cannot be tested", "?", "blue"],
    ["not yet tested", "…", "blue"],
  ];

  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const text = (cell) => cell.textContent.replace(/\s+/g, " ").trim();
  const frame = (table) => table.closest(".pst-scrollable-table-container") ?? table;
  const phrase = (cell) => cell.querySelector("p") ?? cell;

  // The number that a cell begins with; "0.0078 ± 0.0001", "−12 %" and "1,418,496" have one.
  function number(cell) {
    const match = text(cell).match(/^[≈<>~]?\s*([-+\u2212]?(?:\d[\d,]*)?\.?\d+(?:e[-+]?\d+)?)/i);
    return match ? Number(match[1].replaceAll(",", "").replace("\u2212", "-")) : NaN;
  }

  class LongTable {
    constructor(table) {
      this.table = table;
      this.body = table.tBodies[0];
      this.rows = [...this.body.rows];
      this.heads = [...table.tHead.rows[0].cells];
      this.words = "";
      this.order = this.rows;
      this.tools = frame(table).previousElementSibling;
      this.kept = new Set(this.rows.filter((row) => !row.classList.contains("folded")));
      this.unfolded = this.kept.size === this.rows.length;
      this.button = this.unfolded ? null : frame(table).nextElementSibling;
      this.button?.addEventListener("click", () => {
        this.unfolded = !this.unfolded;
        this.show();
      });
    }

    /** Rows that only head those below them. */
    isGroup(row) {
      return [...row.cells].slice(1).every((cell) => !text(cell));
    }

    column(i) {
      return this.rows.filter((row) => !this.isGroup(row)).map((row) => row.cells[i]);
    }

    isNumeric(i) {
      const filled = this.column(i).filter(text);
      return filled.filter((cell) => !Number.isNaN(number(cell))).length > filled.length / 2;
    }

    makeSortable() {
      this.heads.forEach((head, i) => {
        const place = phrase(head);
        const button = element("button", { type: "button", className: "sort" }, ...place.childNodes);
        place.append(button);
        button.addEventListener("click", () => this.sort(head, i));
      });
    }

    /** Up, then down, then as it was. */
    sort(head, i) {
      const next = { undefined: "ascending", ascending: "descending", descending: undefined };
      const way = next[head.getAttribute("aria-sort") ?? undefined];
      for (const other of this.heads) other.removeAttribute("aria-sort");
      this.order = this.rows;
      if (way) {
        head.setAttribute("aria-sort", way);
        const sign = way === "ascending" ? 1 : -1;
        const numeric = this.isNumeric(i);
        const key = (row) => (numeric ? number(row.cells[i]) : text(row.cells[i]));
        const lacks = (value) => value === "" || Number.isNaN(value);
        this.order = this.rows
          .filter((row) => !this.isGroup(row))
          .sort((one, other) => {
            const [a, b] = [key(one), key(other)];
            if (lacks(a) || lacks(b)) return lacks(a) - lacks(b);
            return sign * (numeric ? a - b : a.localeCompare(b, "en", { numeric: true }));
          });
        this.unfolded = true;
      }
      this.show();
    }

    makeFilterable() {
      const field = element("input", { type: "search", autocomplete: "off" });
      this.counted = element("span");
      this.counted.setAttribute("aria-live", "polite");
      field.addEventListener("input", () => {
        this.words = field.value.toLowerCase();
        if (this.words) this.unfolded = true;
        this.show();
      });
      this.tools.append(element("label", {}, "Filter ", field), this.counted);
    }

    show() {
      const words = this.words.split(/\s+/).filter(Boolean);
      const matches = (row) => words.every((word) => text(row).toLowerCase().includes(word));
      this.body.append(...this.order);
      let shown = 0;
      for (const row of this.rows) {
        const there = this.order.includes(row) && matches(row);
        row.hidden = !there;
        row.classList.toggle("folded", !this.unfolded && !this.kept.has(row));
        shown += there && !this.isGroup(row);
      }
      const all = this.rows.filter((row) => !this.isGroup(row)).length;
      const counted = shown ? `${shown} of ${all} rows` : "No row has these words.";
      if (this.counted) this.counted.textContent = words.length ? counted : "";
      if (this.button) {
        this.button.hidden = words.length > 0;
        this.button.textContent = this.unfolded ? "Show fewer rows" : `Show all ${all} rows`;
        this.button.ariaExpanded = String(this.unfolded);
      }
    }

    markBest() {
      const byMetric = this.table.classList.contains("by-metric");
      const marked = byMetric ? this.byRow() : RIVALS.test(text(this.heads[0])) && this.byColumn();
      const floors = byMetric
        ? this.heads.flatMap((head, i) => (FLOOR.test(text(head)) ? this.column(i) : []))
        : this.rows.filter((row) => FLOOR.test(text(row.cells[0])));
      for (const floor of floors) floor.classList.add("floor");
      const legend = [
        this.table.querySelector(".sort") && "↕ sorts by a column",
        marked && "★ best",
        floors.length && "dashed: the floor, a gray copy",
      ].filter(Boolean);
      this.tools.append(element("span", { className: "legend" }, legend.join(", ")));
    }

    byColumn() {
      const rivals = this.rows.filter((row) => !this.isGroup(row) && !NO_RIVAL.test(text(row.cells[0])));
      return this.heads.filter((head, i) => {
        const aside = !i || /training|change|difference|of it/i.test(text(head));
        return !aside && markBest(rivals.map((row) => row.cells[i]), text(head));
      }).length;
    }

    byRow() {
      const place = this.heads.findIndex((head) => text(head) === "best");
      const rivals = this.heads.map((head, i) => i > place && !NO_RIVAL.test(text(head)));
      return this.rows.filter((row) =>
        markBest([...row.cells].filter((cell, i) => rivals[i]), text(row.cells[place])),
      ).length;
    }
  }

  /** Mark the best of some cells, if they are of a known measure and there are several. */
  function markBest(cells, measure) {
    const worth = WORTH.find(([name]) => name.test(measure))?.[1];
    const filled = cells.filter((cell) => !Number.isNaN(number(cell)));
    if (!worth || filled.length < 2) return false;
    const best = Math.min(...filled.map((cell) => worth(number(cell))));
    for (const cell of filled) {
      if (worth(number(cell)) !== best) continue;
      cell.classList.add("best");
      const star = element("span", { ariaHidden: "true" }, "\u00a0★");
      phrase(cell).append(star, element("span", { className: "unseen" }, " best"));
    }
    return true;
  }

  class Scorecard {
    constructor(table) {
      table.classList.add("scorecard");
      table.role = "table"; // which a style that makes cards of rows would take away
      this.rows = [...table.tBodies[0].rows];
      const place = [...table.tHead.rows[0].cells].findIndex((head) => text(head) === "verdict");
      for (const row of table.rows) {
        row.role = "row";
        for (const cell of row.cells) cell.role = cell.tagName === "TH" ? "columnheader" : "cell";
      }
      for (const row of this.rows) this.decorate(row, row.cells[place]);
      this.counted = element("p", { className: "unseen" });
      this.counted.setAttribute("aria-live", "polite");
      const kinds = VERDICTS.filter(([verdict]) => this.of(verdict).length);
      this.buttons = [["", "", ""], ...kinds].map(([verdict, sign]) => {
        const title = `${sign} ${verdict || "all"} `.trimStart();
        const count = element("span", { className: "count" }, String(this.of(verdict).length));
        const button = element("button", { type: "button" }, title, count);
        button.dataset.verdict = verdict;
        button.addEventListener("click", () => this.choose(verdict));
        return button;
      });
      const bar = element("div", { className: "verdict-filter", role: "group" }, ...this.buttons);
      bar.ariaLabel = "Show the claims of one verdict";
      frame(table).before(bar, this.counted);
      this.choose("");
    }

    of(verdict) {
      return this.rows.filter((row) => !verdict || row.dataset.verdict === verdict);
    }

    decorate(row, cell) {
      const [verdict, sign, color] = VERDICTS.find(([start]) => text(cell).startsWith(start));
      row.dataset.verdict = verdict;
      row.style.setProperty("--verdict", `var(--course-${color})`);
      row.style.setProperty("--verdict-wash", `var(--course-${color}-wash)`);
      const rest = text(cell).slice(verdict.length).replace(/^, /, "");
      const chip = element("strong", { className: "chip" }, `${sign} ${verdict}`);
      cell.replaceChildren(chip, ...(rest ? [" ", element("small", {}, rest)] : []));
    }

    choose(verdict) {
      for (const row of this.rows) row.hidden = Boolean(verdict) && row.dataset.verdict !== verdict;
      for (const button of this.buttons) {
        button.ariaPressed = String(button.dataset.verdict === verdict);
      }
      this.counted.textContent = `${this.of(verdict).length} of ${this.rows.length} claims are shown.`;
    }
  }

  const tables = [...document.querySelectorAll(".bd-article table")].filter(
    (table) => table.tHead && table.tBodies[0],
  );
  for (const table of tables) {
    if (table.closest(".tag_scorecard")) {
      new Scorecard(table);
      continue;
    }
    if (!table.classList.contains("long-table")) continue;
    const long = new LongTable(table);
    const byMetric = long.heads.some((head) => text(head) === "best"); // whose rows are of many units
    if (byMetric) table.classList.add("by-metric");
    else long.makeSortable();
    if (long.tools.classList.contains("filtered")) long.makeFilterable();
    long.markBest();
    long.show();
  }
})();
