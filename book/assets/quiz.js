// Marks a quiz: says whether the chosen answer is right, and why, where a screen reader hears it.
for (const quiz of document.querySelectorAll("form.quiz")) {
  const told = quiz.querySelector("[role=status]");
  const explanations = quiz.querySelectorAll("details li");
  const choices = [...quiz.querySelectorAll("input")];
  quiz.querySelector("details").hidden = true;
  quiz.querySelector("button").hidden = false;

  quiz.addEventListener("change", () => {
    told.replaceChildren();
    delete told.dataset.right;
  });
  quiz.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = choices.find((choice) => choice.checked);
    if (!chosen) {
      told.textContent = "Choose an answer first.";
      return;
    }
    told.dataset.right = chosen.dataset.right;
    told.replaceChildren(...explanations[chosen.value].cloneNode(true).childNodes);
  });
}
