// For every page: where the theme is not accessible or not at home on a disk.

// On a disk the search page cannot read the pages it finds; it lists them without an excerpt.
if (location.protocol === "file:" && window.DOCUMENTATION_OPTIONS) {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

document.addEventListener("DOMContentLoaded", () => {
  // What is wider than the page can be scrolled by keyboard too.
  for (const element of document.querySelectorAll("pre, mjx-container, .pst-scrollable-table-container")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  }
});

// The page's typeface is there before the first words are drawn, so that none of them moves.
for (const face of document.fonts) if (face.family.includes("Course Sans")) face.load();
