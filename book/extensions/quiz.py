"""Sphinx extension: a question that marks itself in the page.

Written in a chapter as it is read::

    ```{quiz}
    What does a gray copy score?

    - [ ] 0 %, for it has no colour.
      : Gray is a tie of the three channels, and a tie goes to red.
    - [x] 50.9 %.
      : Red is the largest channel of that many pixels.
    ```

Exactly one answer is marked `[x]`; every answer carries its explanation, indented, after a colon.
All three may hold inline markup and mathematics, explanations any markup. Without JavaScript the
answers stand in a part of the page that unfolds.
"""

import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

LETTERS = "ABCDEFGH"
ANSWER = re.compile(r"- \[([ x])\] (.*)")


class quiz(nodes.General, nodes.Element):  # noqa: N801 - docutils names the visitors by the class
    """The whole: a `quiz_question`, then one `quiz_answer` for each answer."""


class quiz_question(nodes.Part, nodes.TextElement):  # noqa: N801
    """The question."""


class quiz_answer(nodes.Part, nodes.Element):  # noqa: N801
    """A `quiz_choice` and a `quiz_why`; the attribute `right` says whether it is the answer."""


class quiz_choice(nodes.Part, nodes.TextElement):  # noqa: N801
    """What can be chosen."""


class quiz_why(nodes.Part, nodes.Element):  # noqa: N801
    """Why it is right or wrong."""


class QuizDirective(SphinxDirective):
    """Parse the source into the nodes above."""

    has_content = True

    def run(self):
        """Give the `quiz` node."""
        question, answers = self.split()
        if not question.strip() or not 2 <= len(answers) <= len(LETTERS):
            raise self.error(
                f"a quiz needs a question and 2 to {len(LETTERS)} answers"
            )
        if sum(right for right, _, _ in answers) != 1:
            raise self.error("a quiz needs exactly one answer marked [x]")
        name = f"quiz-{self.env.new_serialno('quiz') + 1}"
        root = quiz("", self.phrase(quiz_question, question), name=name)
        for right, choice, why in answers:
            if not why.strip():
                raise self.error(
                    f"the answer {choice!r} has no explanation; add '  : because ...'"
                )
            explained = quiz_why()
            self.state.nested_parse(
                self.lines(why), self.content_offset, explained
            )
            root += quiz_answer(
                "", self.phrase(quiz_choice, choice), explained, right=right
            )
        self.set_source_info(root)
        return [root]

    def split(self):
        """The question, and each answer as (right, choice, why)."""
        question, answers = [], []
        for line in self.content:
            if match := ANSWER.match(line):
                answers.append((match[1] == "x", [match[2]], []))
            elif not answers:
                question.append(line)
            elif line.lstrip().startswith(": "):
                answers[-1][2].append(line.lstrip()[2:])
            else:  # a further line of what was begun
                _, choice, why = answers[-1]
                (why or choice).append(
                    line.removeprefix("  ").removeprefix("  ")
                )
        join = "\n".join
        return join(question), [
            (right, join(choice), join(why)) for right, choice, why in answers
        ]

    def phrase(self, node_class, text):
        """Parse one paragraph; a legend and a label hold phrases only."""
        holder = nodes.Element()
        self.state.nested_parse(self.lines(text), self.content_offset, holder)
        if len(holder) != 1 or not isinstance(holder[0], nodes.paragraph):
            raise self.error(f"{text!r} must be a single paragraph")
        return node_class("", "", *holder[0].children)

    def lines(self, text):
        """The text as the parser takes it."""
        return StringList(text.splitlines(), self.get_source_info()[0])


def visit_quiz(translator, node):
    """The question and its choices, where it is told, and the explanations folded."""
    write = translator.body.append
    write(f'<form class="quiz" id="{node["name"]}"><fieldset><legend>')
    question, *answers = node.children
    for child in question:
        child.walkabout(translator)
    write("</legend>")
    for i, answer in enumerate(answers):
        right = "true" if answer["right"] else "false"
        write(
            f'<label><input type="radio" name="{node["name"]}" value="{i}" data-right="{right}">'
        )
        write(f"<span>{LETTERS[i]}. ")
        for child in answer[0]:
            child.walkabout(translator)
        write("</span></label>")
    write(
        '<button type="submit" hidden>Check</button></fieldset><div role="status"></div>'
    )
    write("<details><summary>Show the answers</summary><ul>")
    for i, answer in enumerate(answers):
        verdict = "is right." if answer["right"] else "is not right."
        write(f'<li><strong class="verdict">{LETTERS[i]} {verdict}</strong> ')
        for child in answer[1]:
            child.walkabout(translator)
        write("</li>")
    write("</ul></details></form>")
    raise nodes.SkipNode


def load_script(app, pagename, templatename, context, doctree):
    """Load the script on pages with a quiz only."""
    if doctree is not None and any(doctree.findall(quiz)):
        app.add_js_file("scripts/quiz.js", defer="defer")


def setup(app):
    """Register the directive, its nodes and its script."""
    app.add_directive("quiz", QuizDirective)
    app.add_node(quiz, html=(visit_quiz, None))
    for part in (quiz_question, quiz_answer, quiz_choice, quiz_why):
        app.add_node(part)  # written by `visit_quiz`
    app.connect("html-page-context", load_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
