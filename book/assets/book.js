// For every page: where the theme is not accessible.

document.addEventListener("DOMContentLoaded", () => {
  // What is wider than the page can be scrolled by keyboard too.
  for (const element of document.querySelectorAll("pre, mjx-container, .pst-scrollable-table-container")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  }
});

// The page's typeface is there before the first words are drawn, so that none of them moves.
for (const face of document.fonts) if (face.family.includes("Course Sans")) face.load();
