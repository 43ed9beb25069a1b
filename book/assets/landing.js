// The divided photograph of the home page: its slider says how much of it is gray, from the left.

function inWords(share) {
  if (share === 0) return "all in colour";
  if (share === 100) return "all in gray";
  return `${share} % gray on the left, the rest in colour`;
}

for (const pair of document.querySelectorAll(".opening .pair")) {
  const slider = pair.querySelector("input");
  slider.addEventListener("input", () => {
    pair.style.animation = "none"; // what opens the page gives way to the reader
    pair.style.setProperty("--gray", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", inWords(Math.round(slider.value)));
  });
}
