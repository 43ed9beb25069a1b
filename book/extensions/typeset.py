"""Sphinx extension: mathematics typeset while the book is built.

The pages hold finished formulas and need a style sheet and fonts, but no script: nothing moves
while they load, they can be read without JavaScript, and TeX that MathJax rejects is a warning of
the build rather than red text on a page. The MathML of each formula is kept for screen readers.
No line breaks between a formula and the punctuation around it.
"""

import json
import re
import shutil
import subprocess
import sysconfig
from base64 import b64encode
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number, wrap_displaymath

HERE = Path(__file__).parent
FONTS = "fonts/mathjax"
# the fonts of nearly every formula; one that comes later than the page moves the lines around it
AT_ONCE = (
    "Zero",
    "Main-Regular",
    "Math-Italic",
    "Size1-Regular",
    "Size2-Regular",
)
logger = logging.getLogger(__name__)


class Typesetter:
    """MathJax in a Node process, started by the first formula."""

    def __init__(self, node_modules: Path):
        self.node_modules = node_modules
        self.process = None
        self.css = None
        self.known = {}

    def html(self, tex: str, display: bool) -> str:
        """The formula `tex` as HTML; raises ValueError if MathJax rejects it."""
        key = tex, display
        if key not in self.known:
            self.start()
            self.process.stdin.write(
                json.dumps({"tex": tex, "display": display}) + "\n"
            )
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
            if "error" in answer:
                raise ValueError(answer["error"])
            self.known[key] = answer["html"]
        return self.known[key]

    def start(self):
        """Start the process unless it runs, and take the style sheet that it offers first."""
        if self.process:
            return
        node = Path(sysconfig.get_path("scripts")) / "node"
        self.process = subprocess.Popen(
            [node, HERE / "typeset.js", self.node_modules, "../" + FONTS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.css = json.loads(self.process.stdout.readline())["css"]

    def stop(self):
        """End the process."""
        if self.process:
            self.process.communicate()
            self.process = None


def start(app):
    """Have one typesetter for the whole build."""
    node_modules = Path(app.confdir) / "node_modules"
    if not (node_modules / "mathjax").is_dir():
        raise ExtensionError(
            f"{node_modules} lacks MathJax; build with `make book`."
        )
    app.typesetter = Typesetter(node_modules)


def formula(translator, node, tex, display):
    """HTML of one formula, or a warning and its source."""
    try:
        return translator.builder.app.typesetter.html(tex, display)
    except ValueError as error:
        logger.warning("MathJax rejects %r: %s", tex, error, location=node)
        return f"<code>{translator.encode(tex)}</code>"


def glue(app, doctree, docname):
    """Put each formula of the text into one unbreakable piece with its punctuation."""
    for math in list(doctree.findall(nodes.math)):
        parent, place = math.parent, math.parent.index(math)
        before, after = parent[place - 1 : place], parent[place + 1 : place + 2]
        opening = cut(before, r"[^\w\s]+$") if place else ""
        closing = cut(after, r"^[^\w\s]+")
        if opening or closing:
            piece = nodes.inline("", classes=["together"])
            math.replace_self(piece)
            piece += [nodes.Text(opening), math, nodes.Text(closing)]


def cut(neighbours, pattern) -> str:
    """What a pattern finds in the neighbour of a formula, if that is text; it is taken out there."""
    if not neighbours or not isinstance(neighbours[0], nodes.Text):
        return ""
    text = neighbours[0].astext()
    found = re.search(pattern, text)
    if not found:
        return ""
    rest = text[: found.start()] + text[found.end() :]
    neighbours[0].parent.replace(neighbours[0], nodes.Text(rest))
    return found[0]


def visit_inline(translator, node):
    """Render `math` nodes."""
    html = formula(translator, node, node.astext(), display=False)
    translator.body.append(f'<span class="math">{html}</span>')
    raise nodes.SkipNode


def visit_display(translator, node):
    """Render `math_block` nodes, with the number that Sphinx gives them."""
    tex = node.astext()
    if not node["nowrap"]:
        tex = wrap_displaymath(tex, None, False)
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append(formula(translator, node, tex, display=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def link_style(app, pagename, templatename, context, doctree):
    """Load the style sheet on pages with formulas only."""
    if "<mjx-container" in context.get("body", ""):
        app.add_css_file("styles/mathjax.css")


def write_style(app, error):
    """Put the style sheet and the fonts into the built book."""
    typesetter = app.typesetter
    if typesetter.css and not error:
        static = Path(app.outdir) / "_static"
        fonts = (
            typesetter.node_modules / "mathjax/es5/output/chtml/fonts/woff-v2"
        )
        shutil.copytree(fonts, static / FONTS, dirs_exist_ok=True)
        css = typesetter.css
        for name in AT_ONCE:
            data = b64encode(
                (fonts / f"MathJax_{name}.woff").read_bytes()
            ).decode()
            css = css.replace(
                f"../{FONTS}/MathJax_{name}.woff",
                f"data:font/woff;base64,{data}",
            )
        (static / "styles/mathjax.css").write_text(css, encoding="utf-8")
    typesetter.stop()


def setup(app):
    """Register the renderer; `html_math_renderer: typeset` chooses it."""
    app.add_html_math_renderer(
        "typeset", (visit_inline, None), (visit_display, None)
    )
    app.connect("builder-inited", start)
    app.connect("doctree-resolved", glue)
    app.connect("html-page-context", link_style)
    app.connect("build-finished", write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
