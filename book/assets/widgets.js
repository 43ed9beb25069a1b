// For pages with interactive figures: what the widget manager asks for, and what it leaves undone.

// It hands formulas to MathJax 2. Those of the book are typeset already.
window.MathJax = { Hub: { Queue() {} } };

const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

// A slider is to say what it sets and where it stands, in words.
const nameSlider = (box) => {
  const handle = box.querySelector(".noUi-handle");
  if (!handle) return;
  setAttribute(handle, "aria-label", box.querySelector(".widget-label").textContent);
  setAttribute(handle, "aria-valuetext", box.querySelector(".widget-readout").textContent);
};

const attend = (figure) => {
  const drawn = figure.querySelector(".jupyter-widgets img");
  const waiting = figure.querySelector(".waiting");
  if (drawn && waiting) {
    drawn.decode().then(() => waiting.remove());
    // the picture that the slider brings up is read out
    setAttribute(drawn.closest(".widget-html").parentElement, "aria-live", "polite");
  }
  figure.querySelectorAll(".widget-slider").forEach(nameSlider);
};

document.addEventListener("DOMContentLoaded", () => {
  for (const figure of document.querySelectorAll(".interactive")) {
    new MutationObserver(() => attend(figure)).observe(figure, {
      attributes: true,
      characterData: true,
      childList: true,
      subtree: true,
    });
  }
});
