"""Sphinx extension: the answer to an exercise, given and marked in the page.

A number, or several, that the chapter's cell `exercises.expect` glued under the exercise's label::

    ```{answer-number} ex-decoder-side
    :unit: places
    ```

    ```{answer-number} ex-bn-fold
    :ask: $a$ | $b$
    ```

Without the option `ask` there is one number, "Your answer". The second miss brings the hint of
`expect`, a right answer unfolds the exercise's solution.

A choice, `answer-choice`, is written as a quiz is. An order is written as it is right::

    ```{answer-order}
    Which keeps most of itself in a blur? Most first.

    1. saturation
    2. colorfulness
    3. contrast

    ? Which of them asks for edges?
    : Edges are what a blur takes first.
    ```

The line behind the question mark is the hint, the rest after the colon explains. A `quiz-order` is
the same for the quiz of a chapter.
"""

import ast
import html
import json
import random
import re

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.core.variables import RetrievalError
from myst_nb.ext.glue.utils import retrieve_glue_data
from quiz import CHECK, TOLD, Question, QuizDirective, opening

LABEL = "Your answer"
ITEM = re.compile(r"\d+\. (.*)")
ROUNDED = 0.005  # of a fraction: the page knows four digits, a reader may give two or three
ITEMS = (3, 8)  # the fewest and the most of an order


class answer_number(nodes.General, nodes.Element):  # noqa: N801 - docutils names the visitors
    """A `question_part` with the label of each number, and at last the hint."""


class answer_order(nodes.General, nodes.Element):  # noqa: N801
    """A `question_part` with the question, one for each item, the hint, and a `quiz_why`."""


class question_part(nodes.Part, nodes.TextElement):  # noqa: N801
    """A phrase."""


class AnswerNumber(Question):
    """Ask for the numbers that an exercise expects."""

    has_content = False
    required_arguments = 1
    option_spec = {"ask": directives.unchanged, "unit": directives.unchanged}  # noqa: RUF012

    def run(self):
        """Give the `answer_number` node."""
        (label,) = self.arguments
        expected = self.expected(label)
        asked = self.options.get("ask", LABEL).split("|")
        if len(asked) != len(expected["right"]):
            raise self.error(
                f"{label} expects {len(expected['right'])} numbers, and {len(asked)} are asked for"
            )
        texts = [*asked, sentence(expected["hint"])]
        parts = [self.phrase(question_part, text.strip()) for text in texts]
        root = answer_number("", *parts)
        root["exercise"], root["unit"] = label, self.options.get("unit", "")
        root["numbers"] = [
            {"right": right, "within": tolerance(right, expected)}
            for right in expected["right"]
        ]
        return [self.named(root)]

    def expected(self, label):
        """What the chapter glued for an exercise."""
        try:
            found = retrieve_glue_data(self.state.document, label)
            return ast.literal_eval(found.data["text/plain"])
        except RetrievalError:
            raise self.error(
                f"no number is expected for {label!r}: "
                "a cell of this page must give one to exercises.expect"
            ) from None


def sentence(hint):
    """A hint as it stands by itself."""
    return (
        hint[:1].upper() + hint[1:] if hint else "Look at the equation again."
    )


def tolerance(right, expected):
    """How far an answer may be off."""
    share = expected["rtol"]
    if not isinstance(right, int):
        share = max(share, ROUNDED)
    return max(expected["atol"], share * abs(right))


class AnswerChoice(QuizDirective):
    """A quiz that counts as an exercise."""

    group = "exercise"


class AnswerOrder(Question):
    """Ask for an order."""

    def run(self):
        """Give the `answer_order` node."""
        question, items, hint, why = self.split()
        if not question.strip() or not ITEMS[0] <= len(items) <= ITEMS[1]:
            raise self.error(
                f"an order needs a question and {ITEMS[0]} to {ITEMS[1]} numbered items"
            )
        if not hint or not why.strip():
            raise self.error(
                "an order needs a hint, '? ...', and an explanation, ': ...'"
            )
        texts = [question, *items, hint]
        parts = [self.phrase(question_part, text) for text in texts]
        return [self.named(answer_order("", *parts, self.explained(why)))]

    def split(self):
        """Question, items, hint and explanation, as they are written."""
        question, items, hint, why = [], [], [], []
        for line in self.content:
            if why:
                why.append(line)
            elif line.startswith(": "):
                why.append(line[2:])
            elif line.startswith("? "):
                hint.append(line[2:])
            elif hint:
                hint.append(line)
            elif match := ITEM.match(line):
                items.append(match[1])
            elif not items:
                question.append(line)
            elif line.strip():
                items[-1] += f"\n{line.strip()}"
        return "\n".join(question), items, "\n".join(hint), "\n".join(why)


class QuizOrder(AnswerOrder):
    """An order that counts as a quiz."""

    group = "quiz"


def visit_number(translator, node):
    """A field for each number, where it is told, the hint, and the answer folded."""
    write = translator.body.append
    *asked, hint = node.children
    numbers = json.dumps(node["numbers"])
    write(opening(node, "number", numbers=numbers, exercise=node["exercise"]))
    write('<div class="asked" hidden>')
    unit = html.escape(node["unit"])
    for label in asked:
        write("<label><span>")
        children(translator, label)
        # named in words, since a formula alone is no name
        name = html.escape(label.astext(), quote=True)
        write(
            f'</span> <input type="text" autocomplete="off" size="10" aria-label="{name}">'
        )
        write(f" <span>{unit}</span></label>" if unit else "</label>")
    write(f"{CHECK}</div>{TOLD}")
    write_hint(translator, hint)
    write("<details><summary>Show the answer</summary><p>")
    shown = ", ".join(f"{number['right']:,.10g}" for number in node["numbers"])
    shown = shown.replace("-", "\N{MINUS SIGN}")
    write(f"<strong>{shown}</strong> {unit}. The solution says why.</p>")
    write("</details></form>")
    raise nodes.SkipNode


def visit_order(translator, node):
    """The items in an order that is wrong, and the right one folded."""
    write = translator.body.append
    question, *items, hint, why = node.children
    write(opening(node, "order") + '<p class="asks">')
    children(translator, question)
    write('</p><ol class="order">')
    for place in shuffled(len(items), node["key"]):
        write(f'<li data-place="{place}"><span>')
        children(translator, items[place])
        write("</span></li>")
    write(f"</ol>{CHECK}{TOLD}")
    write_hint(translator, hint)
    write("<details><summary>Show the answer</summary><ol>")
    for item in items:
        write("<li>")
        children(translator, item)
        write("</li>")
    write('</ol><div class="why">')
    children(translator, why)
    write("</div></details></form>")
    raise nodes.SkipNode


def write_hint(translator, hint):
    """The hint, which the script shows."""
    translator.body.append('<p class="hint" hidden>')
    children(translator, hint)
    translator.body.append("</p>")


def children(translator, node):
    """Write what a node holds."""
    for child in node:
        child.walkabout(translator)


def shuffled(count, seed):
    """An order that is not the right one, the same in every build."""
    chance, places = random.Random(seed), list(range(count))
    while places == sorted(places):
        chance.shuffle(places)
    return places


def setup(app):
    """Register the directives and their nodes; `quiz` loads the script."""
    app.setup_extension("quiz")
    app.add_directive("answer-number", AnswerNumber)
    app.add_directive("answer-choice", AnswerChoice)
    app.add_directive("answer-order", AnswerOrder)
    app.add_directive("quiz-order", QuizOrder)
    app.add_node(answer_number, html=(visit_number, None))
    app.add_node(answer_order, html=(visit_order, None))
    app.add_node(question_part)  # written by the visitors of the whole
    return {"parallel_read_safe": True, "parallel_write_safe": True}
