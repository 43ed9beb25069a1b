"""Small books, built as the real one is, for tests that must not wait for chapters to exist."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_book import execute

ROOT = Path(__file__).parents[1]
FROM_BOOK = ("assets", "extensions", "references.bib")
# without what jsonschema takes, where it is, to check international addresses: 1.5 s to import
BUILD = """
import sys
sys.modules["rfc3987_syntax"] = None
from jupyter_book.cli.main import main
sys.exit(main())
"""

PROSE = r"""# How does a power curve bend?

A formula in the text, $x^p$, and one by itself:

```{math}
:label: eq-power
f(x) = \frac{1}{n} \sum_{i=1}^{n} x_i^p
```

See {eq}`eq-power`, {numref}`fig-moving` and {cite:t}`zhang2016`.
"""
MOVING = """import numpy as np

from colorizer import plots

images = np.random.default_rng(0).random((3, 8, 8, 3))
plots.interactive(images, "abc", name="seed", alt=lambda x: f"Noise in many colours, of seed {x}.")
"""
PLOT = """import matplotlib.pyplot as plt

plots.style()
figure, axes = plt.subplots()
for p in range(1, 8):
    axes.plot(np.linspace(0, 1), np.linspace(0, 1) ** p, label=f"p = {p}")
_ = axes.legend()
"""
EXERCISES = r"""```{exercise}
:label: ex-one
What is $f(1)$ if all $x_i = 1$?
```

```{solution} ex-one
:class: dropdown
One, by {eq}`eq-power`.
```

```{quiz}
Which of these is $x^2$ at **one half**?

- [ ] $\frac12$
  : That is $x$ itself, not its square.
- [x] $\frac14$
  : One half of one half is one quarter.
- [ ] `1/8`, or thereabouts,
  if rounded
  : That is the third power.

  With $p = 3$ it would be right.
```

```{list-of-figures}
```

```{bibliography}
```
"""


def chapter():
    """A notebook with all that the pages offer, executed."""
    figure = {"figure": {"name": "fig-moving", "caption": "Noise $x^p$, three times."}}
    plot = {"image": {"alt": "Seven curves from the origin to (1, 1), ever steeper."}}
    cells = [
        new_markdown_cell(PROSE),
        new_code_cell(MOVING, metadata={"mystnb": figure}),
        new_code_cell(PLOT, metadata={"mystnb": plot}),
        new_markdown_cell(EXERCISES),
    ]
    return execute.normalised(execute.execute(new_notebook(cells=cells), ROOT))


def build(folder, pages, **environment):
    """Build a book of `pages`, name to MyST text or notebook, the first being its home.

    Returns:
        Exit code, and what was printed.
    """
    (folder / "book").mkdir(parents=True, exist_ok=True)
    for name in ("_config.yml", "node_modules", *(f"book/{x}" for x in FROM_BOOK)):
        (folder / name).symlink_to(ROOT / name)
    for name, content in pages.items():
        if isinstance(content, str):
            (folder / f"book/{name}.md").write_text(content)
        else:
            nbformat.write(content, folder / f"book/{name}.ipynb")
    root, *rest = pages
    files = "".join(f"  - file: book/{name}\n" for name in rest)
    toc = f"format: jb-book\nroot: book/{root}\n" + (f"chapters:\n{files}" if rest else "")
    (folder / "_toc.yml").write_text(toc)
    command = [sys.executable, "-c", BUILD, "build", str(folder), "--quiet", "-n", "-W"]
    done = subprocess.run(
        [*command, "--keep-going"],
        env=os.environ | {"COURSE_REPOSITORY": "", "COURSE_SITE": ""} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def refused(folder, wrong, further):
    """The log of a book whose home is well and whose other pages each have one thing wrong.

    Args:
        folder: where it is built.
        wrong: name of a page to what it holds below its title, and what is said of it.
        further: such pages as they are, name to MyST text or notebook.
    """
    pages = {"home": "# Home\n\nAll is well here."}
    pages |= {name: f"# {name}\n\n{text}" for name, (text, _) in wrong.items()}
    code, log = build(folder / "x", pages | further)
    assert code == 1
    return log
