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
The page has the answers in an order that depends on their words alone, so that no place in it is the
right one more often than another.
All three may hold inline markup and mathematics, explanations any markup. Without JavaScript the
answers stand in a part of the page that unfolds. Behind a page's last question stands its tally,
with those of `answers.py` in it.
"""

import hashlib
import html
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


class quiz_tally(nodes.General, nodes.Element):  # noqa: N801
    """How many questions of the page are answered right; the script counts."""


class Question(SphinxDirective):
    """What all kinds of questions share."""

    has_content = True
    group = "exercise"  # under which the tally counts it

    def named(self, root):
        """Give a question its name on the page, and the one that an answer is kept under."""
        text = "\n".join([*self.arguments, *self.content])
        root["name"] = f"quiz-{self.env.new_serialno('quiz') + 1}"
        root["key"] = f"{self.env.docname}#{digest(text)[:8]}"
        root["group"] = self.group
        self.set_source_info(root)
        return root

    def phrase(self, node_class, text):
        """Parse one paragraph; a legend and a label hold phrases only."""
        holder = nodes.Element()
        self.state.nested_parse(self.lines(text), self.content_offset, holder)
        if len(holder) != 1 or not isinstance(holder[0], nodes.paragraph):
            raise self.error(f"{text!r} must be a single paragraph")
        return node_class("", "", *holder[0].children)

    def explained(self, text):
        """Parse an explanation."""
        node = quiz_why()
        self.state.nested_parse(self.lines(text), self.content_offset, node)
        return node

    def lines(self, text):
        """The text as the parser takes it."""
        return StringList(text.splitlines(), self.get_source_info()[0])


class QuizDirective(Question):
    """Parse the source into the nodes above."""

    group = "quiz"

    def run(self):
        """Give the `quiz` node."""
        question, answers = self.split()
        if not question.strip() or not 2 <= len(answers) <= len(LETTERS):
            raise self.error(
                f"a quiz needs a question and 2 to {len(LETTERS)} answers"
            )
        if sum(right for right, _, _ in answers) != 1:
            raise self.error("a quiz needs exactly one answer marked [x]")
        root = self.named(quiz("", self.phrase(quiz_question, question)))
        for right, choice, why in sorted(answers, key=lambda x: digest(x[1])):
            if not why.strip():
                raise self.error(
                    f"the answer {choice!r} has no explanation; add '  : because ...'"
                )
            choice = self.phrase(quiz_choice, choice)
            root += quiz_answer("", choice, self.explained(why), right=right)
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


def digest(text):
    """A number of a text, in hexadecimal, the same on every machine."""
    return hashlib.sha256(text.encode()).hexdigest()


def opening(node, kind, **data):
    """The form that holds a question."""
    data |= {"kind": kind, "key": node["key"], "group": node["group"]}
    attributes = "".join(
        f' data-{name}="{html.escape(value)}"' for name, value in data.items()
    )
    return f'<form class="quiz" id="{node["name"]}"{attributes}>'


CHECK = '<button type="submit" hidden>Check</button>'
TOLD = '<div role="status"></div>'


def visit_quiz(translator, node):
    """The question and its choices, where it is told, and the explanations folded."""
    write = translator.body.append
    write(opening(node, "choice") + "<fieldset><legend>")
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
    write(f"{CHECK}</fieldset>{TOLD}")
    write("<details><summary>Show the answers</summary><ul>")
    for i, answer in enumerate(answers):
        verdict = "is right." if answer["right"] else "is not right."
        write(f'<li><strong class="verdict">{LETTERS[i]} {verdict}</strong> ')
        for child in answer[1]:
            child.walkabout(translator)
        write("</li>")
    write("</ul></details></form>")
    raise nodes.SkipNode


def visit_tally(translator, node):
    """A place for the script to count in, and the button that makes the page forget."""
    translator.body.append(
        '<div class="quiz-tally" hidden><p aria-live="polite"></p>'
        '<button type="button">Start again</button></div>'
    )
    raise nodes.SkipNode


def questions(doctree):
    """All questions of a page, of whatever kind."""
    return [node for node in doctree.findall(nodes.Element) if "group" in node]


def add_tally(app, doctree):
    """Put the tally behind the last question of a page."""
    if found := questions(doctree):
        parent = found[-1].parent
        parent.insert(parent.index(found[-1]) + 1, quiz_tally())


def load_files(app, pagename, templatename, context, doctree):
    """Load script and style on pages with a question only."""
    if doctree is not None and questions(doctree):
        app.add_css_file("styles/quiz.css", priority=910)
        app.add_js_file("scripts/quiz.js", defer="defer")


def setup(app):
    """Register the directive, its nodes, and what a page with a question needs."""
    app.add_directive("quiz", QuizDirective)
    app.add_node(quiz, html=(visit_quiz, None))
    app.add_node(quiz_tally, html=(visit_tally, None))
    for part in (quiz_question, quiz_answer, quiz_choice, quiz_why):
        app.add_node(part)  # written by `visit_quiz`
    app.connect("doctree-read", add_tally)
    app.connect("html-page-context", load_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
