"""Run chapters and store their outputs, so that a diff shows what changed and nothing else.

What a chapter shows depends on its code, on the code of the package that it uses, on the records
and experiments that it reads, and on the versions of some libraries. These are its key, which its
metadata hold. A chapter is stale when its key is no longer that.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from colorizer import experiments, provenance, records
from colorizer.files import replacing

LARGEST = 1_500_000  # bytes of a chapter
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
LIVE = 'class="live-place"'
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_METADATA = {
    "colorizer",
    "mystnb",
    "tags",
}  # the rest is a program's note to itself
# whose code a notebook's program folds, as the page does; what a reader is to edit stays open
FOLDED = {"hide-input", "remove-cell", "remove-input"}
CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
LIBRARIES = (  # which decide about outputs
    "anywidget",
    "ipywidgets",
    "keras",
    "matplotlib",
    "myst-nb",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "scikit-image",
    "scipy",
    "tensorflow",
)
KEY = {"code", "uses", "reads", "versions"}
# of a chapter, its kernel among them, which a machine may stop for its memory
FAILURES = (CellExecutionError, DeadKernelError, SyntaxError, ValueError)
SHARES = 5  # of the chapters that are not stale, one is tested at a time
NAMED = 6  # of many changes of a kind, so many are listed


def main():
    """Run the chapters that are stale; the exit code is 1 if one fails."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("chapters", nargs="*", type=Path, metavar="CHAPTER")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--all", action="store_true", help="run also those that are not stale"
    )
    instead.add_argument(
        "--list", action="store_true", help="only say which are stale, and why"
    )
    instead.add_argument(
        "--choose",
        metavar="COMMIT",
        help="only print which to test: those that are stale, and a share of "
        "the others, another one after each commit",
    )
    arguments = parser.parse_args()
    if arguments.list:
        list_stale(arguments.chapters)
    elif arguments.choose:
        list_stale(arguments.chapters, file=sys.stderr)
        print(*chosen(arguments.chapters, arguments.choose), sep="\n")
    else:
        _, failed = refresh(arguments.chapters, arguments.all)
        sys.exit(bool(failed))


def list_stale(chapters: list[Path], file=None):
    """Print a line for each stale chapter: its path, and what has changed."""
    stale = {path: changes(_read(path)) for path in chapters}
    for path, found in stale.items():
        if found:
            print(f"{path}: {'; '.join(found)}", file=file)
    if not any(stale.values()):
        print("No chapter is stale.", file=file)


def chosen(chapters: list[Path], commit: str) -> list[Path]:
    """The chapters to test: the stale ones, and a share of the others that the commit decides."""
    turn = int(commit, 16) % SHARES
    print(
        f"Of the other chapters, part {turn + 1} of {SHARES} is tested, because of the commit "
        f"{commit[:12]}.",
        file=sys.stderr,
    )
    return [
        path
        for i, path in enumerate(chapters)
        if i % SHARES == turn or changes(_read(path))
    ]


def refresh(chapters: list[Path], everything=False) -> tuple[list, list]:
    """Run the stale chapters, or all, and store what they show.

    The others are only brought into the form in which chapters are stored.

    Returns:
        The chapters that were run and stored, and those that failed and are as they were.
    """
    executed, failed = [], []
    for path in chapters:
        before = _read(path)
        found = ["asked for"] if everything else changes(before)
        try:
            if found:
                print(f"{path} ({'; '.join(found)}): ", end="", flush=True)
                after = normalised(execute(_read(path), path.parent))
                store(after, path)
                print(
                    "same"
                    if _shown(after) == _shown(normalised(before))
                    else "changed"
                )
                executed.append(path)
            else:
                store(normalised(before), path)
        except FAILURES as error:
            failed.append(path)
            print("failed", flush=True)
            print(f"{path}: left as it was. {error}", file=sys.stderr)
    if not executed and not failed:
        print("No chapter is stale.")
    return executed, failed


def execute(notebook, folder: Path):
    """Run all cells in a fresh kernel and note what their outputs depend on."""
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name=KERNEL["name"],
        record_timing=False,
        resources={"metadata": {"path": folder}},
    )
    depends = key(notebook)  # before it takes an hour in which files change
    with tempfile.TemporaryDirectory() as place:
        notes = Path(place, "reads")
        notes.touch()
        client.execute(env=os.environ | {"COLORIZER_READS": str(notes)})
        reads = sorted(set(notes.read_text().splitlines()))
    depends["reads"] = {read: state(read) for read in reads}
    notebook.metadata["colorizer"] = depends
    return notebook


def key(notebook) -> dict:
    """What the outputs depend on now, each with a fingerprint; `reads` are those that it names."""
    cells = [
        TransformerManager().transform_cell(cell.source)  # magics are no Python
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    pins = dict(
        line.split("==") for line in CONSTRAINTS.read_text().splitlines()
    )
    noted = notebook.metadata.get("colorizer", {}).get("reads", [])
    return {
        "code": provenance.code_hash(cells),
        "uses": provenance.used_by("\n".join(cells)),
        "reads": {read: state(read) for read in noted},
        "versions": {name: pins[name] for name in LIBRARIES},
    }


def state(read: str) -> str:
    """A fingerprint of the present state of what a chapter notes that it reads.

    Args:
        read: "runs PATTERN", of the files in the folder of the runs; "experiment NAME"; or
            "experiment *" for the whole table.

    Raises:
        ValueError: it is none of these.
    """
    kind, _, name = read.partition(" ")
    if kind == "runs":
        folder = records.folder()
        content = [
            (str(file.relative_to(folder)), file.read_text())
            for file in sorted(folder.glob(name))
        ]
    elif kind == "experiment" and name == "*":
        content = list(experiments.EXPERIMENTS.values())
    elif kind == "experiment":
        found = experiments.EXPERIMENTS.get(name)
        content = found and json.dumps(found.configuration(), sort_keys=True)
    else:
        raise ValueError(f"Nobody knows how to tell the state of {read!r}.")
    return hashlib.sha256(repr(content).encode()).hexdigest()[:8]


def changes(notebook) -> list[str]:
    """What has changed since the outputs were made, in words; nothing if they are not stale."""
    then = notebook.metadata.get("colorizer", {})
    if then.keys() != KEY:
        return ["not run by `make execute` yet"]
    try:
        now = key(notebook)
    except SyntaxError:
        return ["its code, which is not Python"]
    found = ["its code"] if now["code"] != then["code"] else []
    for kind in ("uses", "reads"):
        names = _different(then[kind], now[kind])
        found += [
            name
            + " (new)" * (name not in then[kind])
            + " (gone)" * (name not in now[kind])
            for name in names[:NAMED]
        ]
        if len(names) > NAMED:
            found.append(f"{len(names) - NAMED} more")
    return found + [
        f"{name} {then['versions'].get(name)} -> {now['versions'].get(name)}"
        for name in _different(then["versions"], now["versions"])
    ]


def store(notebook, path: Path):
    """Write the notebook whole; raises ValueError if it is too large for the book."""
    text = nbformat.writes(notebook) + "\n"
    if len(text.encode()) > LARGEST:
        raise ValueError(
            f"It has {len(text.encode()):,} bytes; at most {LARGEST:,} may be stored."
        )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _different(then, now):
    """The names that two dictionaries do not agree on, those in both first."""
    both, one = (
        sorted(then.keys() & now.keys()),
        sorted(then.keys() ^ now.keys()),
    )
    return [name for name in both if then[name] != now[name]] + one


def _read(path):
    return nbformat.read(path, as_version=4)


def _shown(notebook):
    """All that a reader sees of what the cells did."""
    outputs = [cell.get("outputs") for cell in notebook.cells]
    return outputs, notebook.metadata.get("widgets")


def normalised(notebook):
    """A copy in which only what the chapter says can differ from one run to the next."""
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook)))
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
                if LIVE in output.get("data", {}).get("text/html", ""):
                    output.data.pop(VIEW, None)  # the page draws from the other
    _fold(notebook.cells)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    if "colorizer" in notebook.metadata:
        metadata["colorizer"] = notebook.metadata.colorizer
    if state := _shown_widgets(notebook):
        content = {"state": state, "version_major": 2, "version_minor": 0}
        metadata["widgets"] = {STATE: content}
    notebook.metadata = nbformat.from_dict(metadata)
    return _numbered_widgets(notebook)


def _fold(cells):
    """Let no cell show an answer, or set-up, before it is asked to."""
    solution = False
    for cell in cells:
        if cell.cell_type == "markdown":
            start = cell.source.rfind("{solution-start}")
            end = cell.source.rfind("{solution-end}")
            solution = start > end or (solution and start == end)
        elif solution:
            cell.metadata["jupyter"] = {
                "outputs_hidden": True,
                "source_hidden": True,
            }
        elif FOLDED & set(cell.metadata.get("tags", [])):
            cell.metadata["jupyter"] = {"source_hidden": True}


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
