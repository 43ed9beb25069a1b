// The order of what a search finds: what the glossary says of the word, a page with it in its title,
// pages that say it most, other pages, the reference. From the build are SAID, for each stem the
// pages that say it most, by their number in PAGES; TEXTS, what each page says; and TERMS, what the
// glossary says, by its anchors. The numbers above `score` are Sphinx's own, but for the title's.
const REFERENCE = /^(book\/reference\/|genindex|py-modindex)/;

const GLOSSARY = "book/reference/glossary";
const QUERY = (new URLSearchParams(location.search).get("q") || "").trim().toLowerCase();
const TERM = `term-${QUERY.replace(/[^a-z0-9]+/g, "-")}`;

const SOUGHT = QUERY
  .split(/[^a-z]+/)
  .map((word) => (SAID[new Stemmer().stemWord(word)] || []).map((number) => PAGES[number]));

var Scorer = {
  title: 40, // more than the most that saying it often is worth
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  score(found) {
    const [page, , anchor, , score] = found;
    const explained = anchor.toLowerCase().slice(1);
    if (explained === TERM || explained.startsWith(`${TERM}-`)) {
      found[1] += `: ${anchor.slice("#term-".length).replaceAll("-", " ")}`; // the title
      return explained === TERM ? 10_000 : 9_000;
    }
    if (REFERENCE.test(page)) return score;
    const places = SOUGHT.map((pages) => pages.indexOf(page)).filter((place) => place >= 0);
    return score + 1000 + places.reduce((sum, place) => sum + 30 - 10 * place, 0);
  },
};

// Sphinx fetches each page for the sentences that it shows of it, which a disk does not allow, and
// takes them from all that stands there. Here they come from the page's prose.
async function fetch(address) {
  const page = PAGES.find((name) => address.endsWith(`${name}.html`));
  if (!TEXTS[page]) return new Response(""); // Sphinx shows nothing of it
  const main = Object.assign(document.createElement("div"), { textContent: TEXTS[page] });
  main.setAttribute("role", "main");
  for (const [id, textContent] of page === GLOSSARY ? Object.entries(TERMS) : []) {
    main.append(Object.assign(document.createElement("p"), { id, textContent }));
  }
  return new Response(main.outerHTML);
}
