"""Sphinx extension: the address of the repository, as one setting.

With the environment variable COURSE_REPOSITORY the pages carry buttons to their source and to
places that run them. Without it they carry none: a button that leads nowhere is worse.
"""

import os
import re

from sphinx.errors import ExtensionError


def add_buttons(app, config):
    """Set the theme's options for the repository that COURSE_REPOSITORY names."""
    address = os.environ.get("COURSE_REPOSITORY", "").rstrip("/")
    if not address:
        return
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise ExtensionError(
            f"COURSE_REPOSITORY is {address!r}; give it as https://github.com/OWNER/NAME."
        )
    config.html_theme_options |= {
        "repository_url": address.removesuffix(".git"),
        "repository_branch": "main",
        "path_to_docs": "",  # pages are named by their path in the repository
        "use_repository_button": True,
        "use_source_button": True,
        "use_issues_button": True,
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }


def setup(app):
    """Register the hook."""
    app.connect("config-inited", add_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
