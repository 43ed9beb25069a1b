// The order of what a search finds: the chapters first, then what they lean on. Sphinx puts this text
// into its own script, where a search reads it. Its numbers are Sphinx's, but for the last function.
const REFERENCE = /^(book\/reference\/|genindex|py-modindex)/;

var Scorer = {
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: {0: 15, 1: 5, 2: -5},
  objPrioDefault: 0,
  score: ([page, , , , score]) => (REFERENCE.test(page) ? score : score + 1000),
};
