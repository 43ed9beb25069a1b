"""Run chapters and store their outputs, so that a diff shows what changed and nothing else.

`make execute` runs those that are stale: whose code, or the package source that it imports, is not
what their stored outputs were made by. The others it only brings into the form they are stored in.
"""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from colorizer.files import replacing
from colorizer.provenance import imported_modules, source_hash

LARGEST = 1_500_000  # bytes of a chapter
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_METADATA = {
    "colorizer",
    "mystnb",
    "tags",
}  # the rest is a program's note to itself


def main():
    """Run the chapters named on the command line; the exit code is 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*", type=Path, metavar="CHAPTER")
    parser.add_argument(
        "--all", action="store_true", help="also those that are not stale"
    )
    arguments = parser.parse_args()
    failed = False
    for path in arguments.chapters:
        notebook = nbformat.read(path, as_version=4)
        stale = arguments.all or is_stale(notebook)
        try:
            if stale:
                notebook = execute(notebook, path.parent)
            store(normalised(notebook), path)
            print(f"{path}: {'executed' if stale else 'fresh'}")
        except (CellExecutionError, ValueError) as error:
            failed = True
            print(f"{path}: left as it was. {error}", file=sys.stderr)
    sys.exit(failed)


def execute(notebook, folder: Path):
    """Run all cells in a fresh kernel and note what they were run with."""
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name=KERNEL["name"],
        record_timing=False,
        resources={"metadata": {"path": folder}},
    )
    client.execute()
    notebook.metadata["colorizer"] = {"source": fingerprint(notebook)}
    return notebook


def store(notebook, path: Path):
    """Write the notebook whole; raises ValueError if it is too large for the book."""
    text = nbformat.writes(notebook) + "\n"
    if len(text.encode()) > LARGEST:
        raise ValueError(
            f"It has {len(text.encode()):,} bytes; at most {LARGEST:,} may be stored."
        )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def fingerprint(notebook) -> str:
    """A hash over the code cells and the package source that they import."""
    code = "\n".join(
        cell.source for cell in notebook.cells if cell.cell_type == "code"
    )
    text = f"{code}\0{source_hash(imported_modules(code))}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_stale(notebook) -> bool:
    """Whether the stored outputs were made by other code than this, or by none."""
    return notebook.metadata.get("colorizer", {}).get("source") != fingerprint(
        notebook
    )


def normalised(notebook):
    """A copy in which only what the chapter says can differ from one run to the next."""
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    if "colorizer" in notebook.metadata:
        metadata["colorizer"] = notebook.metadata.colorizer
    if state := _shown_widgets(notebook):
        content = {"state": state, "version_major": 2, "version_minor": 0}
        metadata["widgets"] = {STATE: content}
    notebook.metadata = nbformat.from_dict(metadata)
    notebook.nbformat_minor = 5  # the first that has names for cells
    number, names = 0, {}
    for cell in notebook.cells:
        cell.metadata = {
            k: v for k, v in cell.metadata.items() if k in CELL_METADATA
        }
        cell.id = _cell_id(cell.source, names)
        if cell.cell_type == "code":
            number += 1
            cell.execution_count = number
            cell.outputs = _joined_streams(cell.outputs)
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = number
    return _numbered_widgets(notebook)


def _cell_id(source, names):
    """A name that stays when other cells come and go: from the text, counted where it repeats."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:8]
    names[digest] = names.get(digest, 0) + 1
    return digest if names[digest] == 1 else f"{digest}-{names[digest]}"


def _joined_streams(outputs):
    """The outputs with each run of prints as one, however the kernel cut it up."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if (
            output.output_type == "stream"
            and last
            and last.get("name") == output.name
        ):
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _shown_widgets(notebook):
    """The state of the widgets that some output shows, of all their parts, and of their links."""
    state = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    waiting = [
        output.data[VIEW]["model_id"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if VIEW in output.get("data", {})
    ][::-1]
    shown = {}
    while waiting:
        model = waiting.pop()
        if model not in shown:
            shown[model] = state[model]
            waiting += _parts(state[model])[::-1]
    links = {
        model: content
        for model, content in state.items()
        if "Link" in content["model_name"]
        and shown.keys() & set(_parts(content))
    }
    return shown | links


def _parts(content):
    return re.findall(r'"IPY_MODEL_(\w+)"', json.dumps(content["state"]))


def _numbered_widgets(notebook):
    """Widgets named by their order instead of at random."""
    state = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    text = json.dumps(notebook)
    for i, model in enumerate(state, start=1):
        text = text.replace(model, f"{i:032x}")
    return nbformat.from_dict(json.loads(text))


if __name__ == "__main__":
    main()
