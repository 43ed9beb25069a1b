// Draws the live figures of a page from the modules that stand in it as text: a page that is opened
// as a file may load a module from nowhere else.
"use strict";

window.LIVE = {};

const imported = {};
const load = (name) =>
  (imported[name] ??= import(URL.createObjectURL(new Blob([LIVE[name]], { type: "text/javascript" }))));

// What anywidget gives a module, as far as figures without a kernel use it.
const unchanging = (state) => ({ get: (key) => state[key], on() {}, off() {}, set() {}, save_changes() {} });

const draw = async (place) => {
  const state = JSON.parse(place.querySelector("script").textContent);
  const { default: figure } = await load(place.dataset.live);
  figure.render({ model: unchanging(state), el: place });
};

document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll("[data-live]")) draw(place);
});
