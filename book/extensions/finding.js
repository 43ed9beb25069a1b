// The order of what a search finds: pages that say a word most, then other pages, then the reference.
// SAID, from the build, has for each stem the pages that say it most, by their number in PAGES. The
// numbers above `score` are Sphinx's own.
const REFERENCE = /^(book\/reference\/|genindex|py-modindex)/;

const SOUGHT = (new URLSearchParams(location.search).get("q") || "")
  .toLowerCase()
  .split(/[^a-z]+/)
  .map((word) => (SAID[new Stemmer().stemWord(word)] || []).map((number) => PAGES[number]));

var Scorer = {
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  score([page, , , , score]) {
    if (REFERENCE.test(page)) return score;
    const places = SOUGHT.map((pages) => pages.indexOf(page)).filter((place) => place >= 0);
    return score + 1000 + places.reduce((sum, place) => sum + 30 - 10 * place, 0);
  },
};
