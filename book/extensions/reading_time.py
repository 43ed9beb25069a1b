"""Sphinx extension: how many minutes each chapter takes to read, and how many hours all of them.

A chapter is a notebook other than the home page. Under its title stands a line, "25 minutes to
read". It also tells how long the chapter runs and what to read before, where the chapter says so in
the last paragraph of its first admonition, `*Before:* ... *Time:* ...`, which a reader of the
notebook sees; so that the two times do not stand apart, that paragraph is no more in the page. The
role `{reading-time}` with the text `hours` gives the sum over all chapters, a number.

The minutes come from what a reader meets, with one constant for each kind: 200 words of prose a
minute, 5 seconds for a line of code or of its printed output that is not folded, 20 for an equation
with a line to itself and for a figure or a table, 30 for a question of a quiz and 120 for an
exercise, which is to read it and to think, not to do it. What is folded takes no time.
"""

import re

from docutils import nodes
from quiz import quiz, quiz_why
from sphinx.util.docutils import SphinxRole
from sphinx_exercise.nodes import (
    exercise_enumerable_node,
    exercise_node,
    solution_node,
)

WORD, LINE = 60 / 200, 5  # seconds
EQUATION = FIGURE = 20
QUIZ, EXERCISE = 30, 120
BEFORE, TIME = "Before:", "Time:"
EXERCISES = (exercise_node, exercise_enumerable_node)
SHOWN = (nodes.image, nodes.raw, nodes.table)  # what makes an output a figure
FOLDED = {  # by a cell's tags: the parts of it that are
    "all": {"cell_code_source", "cell_code_output"},
    "input": {"cell_code_source"},
    "output": {"cell_code_output"},
    "input+output": {"cell_code_source", "cell_code_output"},
}


class total_hours(nodes.Inline, nodes.Element):  # noqa: N801 - a docutils node
    """Where the sum goes."""


class ReadingTimeRole(SphinxRole):
    """Mark the place; the sum is made when every chapter is known."""

    def run(self):
        """Give the marker."""
        if self.text != "hours":
            told = self.inliner.reporter.error(
                f"the role reading-time takes the word hours, not {self.text!r}",
                line=self.lineno,
            )
            return [], [told]
        return [total_hours()], []


def seconds(node) -> float:
    """How long a reader takes for a node and all that it holds."""
    if isinstance(node, nodes.Text):
        return WORD * len(node.split())
    if isinstance(node, (solution_node, quiz_why, nodes.comment)):
        return 0
    if isinstance(node, nodes.math):
        return 2 * WORD
    if isinstance(node, nodes.math_block):
        return EQUATION
    if isinstance(node, nodes.literal_block):
        return LINE * len(node.astext().splitlines())
    if isinstance(node, SHOWN):
        return FIGURE
    folded = FOLDED.get(node.get("hide_mode"), ())
    children = [x for x in node.children if part(x) not in folded]
    if part(node) == "cell_code_output" and shows_something(node):
        captions = node.findall(nodes.caption)
        return FIGURE + sum(seconds(caption) for caption in captions)
    own = QUIZ * isinstance(node, quiz) + EXERCISE * isinstance(node, EXERCISES)
    return own + sum(map(seconds, children))


def part(node) -> str | None:
    """Which part of a cell a node is."""
    return node.get("nb_element") if isinstance(node, nodes.Element) else None


def shows_something(output) -> bool:
    """Whether the output of a cell is to be looked at rather than read."""
    return any(isinstance(node, SHOWN) for node in output.findall())


def in_words(minutes: int) -> str:
    """As it is told to a reader."""
    return f"{minutes} minute{'s' if minutes != 1 else ''} to read"


def is_chapter(env, docname) -> bool:
    """Whether a page is a notebook other than the home page."""
    notebook = env.doc2path(docname).endswith(".ipynb")
    return notebook and docname != env.config.root_doc


def minutes(env, docname) -> int | None:
    """The time for a page, or nothing where it is no chapter."""
    return env.metadata[docname].get("reading_minutes")


def measure(app, doctree):
    """Note the time for a page, and tell it under the title and the question below that."""
    env = app.env
    section = doctree.next_node(nodes.section)
    if section is None or not is_chapter(env, env.docname):
        return
    taken = max(1, round(seconds(doctree) / 60))
    env.metadata[env.docname]["reading_minutes"] = taken
    after = 2 if "question" in section[1].get("classes", ()) else 1
    line = nodes.paragraph("", in_words(taken), classes=["reading-time"])
    if (found := head(section)) is not None:
        line += further(found)
        found.parent.remove(found)
    section.insert(after, line)


def head(section) -> nodes.paragraph | None:
    """The paragraph of a chapter's first admonition that says what to read before."""
    admonition = next(section.findall(nodes.admonition), None)
    last = admonition[-1] if admonition else None
    if isinstance(last, nodes.paragraph) and last.astext().startswith(BEFORE):
        return last
    return None


def further(paragraph) -> list:
    """What that paragraph says, as it goes on after the minutes to read."""
    parts = paragraph.children
    at = next(
        (i for i, x in enumerate(parts) if x.astext() == TIME), len(parts)
    )
    before = [x.deepcopy() for x in parts[1:at]]
    before[0] = nodes.Text(before[0].astext().lstrip())
    while isinstance(before[-1], nodes.Text):  # the full stop, the line's end
        text = before.pop().astext().rstrip(". \n")
        if text:
            before.append(nodes.Text(text))
            break
    runs = "".join(x.astext() for x in parts[at + 1 :])
    runs = re.split("[.;]", runs)[0].strip()
    told = [nodes.Text(f" · runs in {runs}")] if runs else []
    return [*told, nodes.Text(" · read before: "), *before]


def fill_in(app, doctree, docname):
    """Write the sum where it is asked for."""
    for marker in list(doctree.findall(total_hours)):
        known = [minutes(app.env, page) or 0 for page in app.env.found_docs]
        marker.replace_self(nodes.Text(str(max(1, round(sum(known) / 60)))))


def setup(app):
    """Register the role and the hooks."""
    app.add_node(total_hours)
    app.add_role("reading-time", ReadingTimeRole())
    app.connect("doctree-read", measure)
    app.connect("doctree-resolved", fill_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
