"""Sphinx extension: the built book asks nobody but itself for anything.

It adds the book's own style and script to every page, the widget manager to the pages that hold
widgets, and takes out what the theme's extensions would load from elsewhere.
"""

import shutil
from pathlib import Path

WIDGET_MANAGER = "@jupyter-widgets/html-manager/dist"


def silence_thebe(app, config):
    """Disconnect sphinx-thebe: even when off it adds scripts and an outside address to pages."""
    for name in ("builder-inited", "env-before-read-docs", "doctree-resolved"):
        for listener in list(app.events.listeners.get(name, [])):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)
    app.registry.css_files[:] = [
        x for x in app.registry.css_files if x[0] != "sphinx-thebe.css"
    ]


def use_own_widget_manager(app, config):
    """Load the widget manager from the book itself."""
    config.nb_ipywidgets_js = {
        "scripts/widgets.js": {},
        "widgets/embed.js": {"defer": "defer"},
    }


def copy_files(app, error):
    """Put the book's assets and the widget manager into the built book."""
    if error:
        return
    static = Path(app.outdir) / "_static"
    assets = Path(app.confdir) / "book/assets"
    for folder, pattern in (("styles", "*.css"), ("scripts", "*.js")):
        for path in assets.glob(pattern):
            shutil.copy(path, static / folder)
    manager = Path(app.confdir) / "node_modules" / WIDGET_MANAGER
    (static / "widgets").mkdir(exist_ok=True)
    for path in [manager / "embed.js", *manager.glob("*.woff2")]:
        shutil.copy(path, static / "widgets")


def setup(app):
    """Register the hooks, and the files that every page loads."""
    app.connect("config-inited", silence_thebe)
    app.connect("config-inited", use_own_widget_manager)
    app.connect("build-finished", copy_files)
    app.add_css_file("styles/book.css", priority=900)
    app.add_js_file("scripts/book.js", priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
