"""Sphinx extension: the reader's photograph, coloured in the page by the book's models.

The directive `{playground}` stands for the whole of it. No kernel, no server and no network are
needed, and no page that is not asked for it loads it: the models and the runtime that computes them
are scripts beside the page. The runtime and the first model are fetched with the first photograph,
each further model when its box is ticked. They are scripts because a page opened as a file may load
nothing else; each holds base64 of gzipped bytes.

Models are exported from the weights in `runs` when the book is built, and never committed. As the
weights are stored at half precision, so are they here, which costs nothing; but for the U-Net, as
the export multiplies batch norm into its kernels, and what comes of it is rounded anew.
"""

import base64
import gzip
import html
import io
import json
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from docutils import nodes
from PIL import Image
from sphinx.util.docutils import SphinxDirective

RUNTIME = "node_modules/onnxruntime-web/dist"
LONGER_SIDE = 480  # pixels of a bundled photograph
OPSET = 18
LARGE = 1024  # numbers; what is smaller, biases, is left as it is
SIDE = 32  # pixels, for a first call of a model that takes any size


class playground(nodes.General, nodes.Element):  # noqa: N801 - docutils names the visitors by the class
    """The playground."""


class PlaygroundDirective(SphinxDirective):
    """Put the playground in its place."""

    def run(self):
        """Give the `playground` node."""
        return [playground()]


def export(model) -> bytes:
    """A Keras model in the ONNX format, its large weights at half precision."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    shape = [1, *(side or SIDE for side in model.input_shape[1:])]
    model(np.zeros(shape, np.float32))  # else it is not exported
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras 3.15 of NumPy 2: theirs to mend
        path = Path(scratch) / "model.onnx"
        model.export(path, format="onnx", opset_version=OPSET, verbose=False)
        graph = (whole := onnx.load(path)).graph
    weights, casts = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > LARGE:
            half = f"{tensor.name}_half"
            weights.append(
                numpy_helper.from_array(values.astype(np.float16), half)
            )
            casts.append(
                helper.make_node(
                    "Cast", [half], [tensor.name], to=TensorProto.FLOAT
                )
            )
        else:
            weights.append(tensor)
    operations = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(weights)
    graph.node.extend(casts + operations)
    onnx.checker.check_model(whole)
    return whole.SerializeToString()


def exported(name: str, root: Path) -> bytes:
    """The model of a run's record, exported once for each weight file."""
    from colorizer import records, runs  # here: other pages need no Keras

    run = records.fullest(name)
    return kept(
        root,
        f"{run.weights_sha256}.onnx",
        lambda: export(runs.load_model(run)),
    )


def kept(root: Path, name: str, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, made once and kept under that name from build to build."""
    from colorizer.files import replacing

    path = root / "node_modules/.cache/colorizer" / name
    if not path.exists():
        content = make()
        with replacing(path) as temporary:  # builds may run at the same time
            temporary.write_bytes(content)
    return path.read_bytes()


def parts(models: Iterable[str], root: Path) -> dict[str, bytes]:
    """What the page fetches when it is asked to: name to content."""
    runtime = root / RUNTIME
    return {
        "worker": (root / "book/assets/playground_worker.js").read_bytes(),
        "runtime": (runtime / "ort.wasm.bundle.min.mjs").read_bytes(),
        "wasm": (runtime / "ort-wasm-simd-threaded.wasm").read_bytes(),
    } | {name: exported(name, root) for name in models}


def as_script(content: bytes) -> str:
    """A script that leaves the content, gzipped, where the page finds it."""
    packed = base64.b64encode(gzip.compress(content, mtime=0)).decode()
    return f'document.currentScript.content="{packed}"'


def photograph(name: str) -> str:
    """A photograph of scikit-image, made smaller, as a `data:` address."""
    from skimage import data

    image = Image.fromarray(getattr(data, name)())
    image.thumbnail((LONGER_SIDE, LONGER_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return (
        f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    )


def visit_playground(translator, node):
    """Write the parts beside the pages, and the controls into the page."""
    # here: other pages need no Keras
    from colorizer import photo, records, runs
    from colorizer.playground import MODELS, PHOTOGRAPHS

    folder = Path(translator.builder.outdir) / "_static/playground"
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name, content in parts(
        MODELS, Path(translator.builder.confdir)
    ).items():
        script = as_script(content)
        (folder / f"{name}.js").write_text(script)
        sizes[name] = len(script)
    depth = translator.builder.current_docname.count("/")
    settings = {
        "folder": "../" * depth + "_static/playground/",
        "sizes": sizes,
        "models": MODELS,
        "anySize": [
            name
            for name in MODELS
            if photo.takes_any_size(runs.load_model(records.fullest(name)))
        ],
        "working": photo.WORKING,
    }
    further = dict(list(MODELS.items())[1:])
    boxes = "".join(
        f'<label><input type="checkbox" autocomplete="off" value="{name}"> {title}'
        f"<small>, {megabytes(sizes[name])}</small></label>"
        for name, title in further.items()
    )
    pictures = "".join(
        f'<button type="button" data-name="{name}.jpg">'
        f'<img src="{photograph(name)}" alt="{alt}"></button>'
        for name, alt in PHOTOGRAPHS.items()
    )
    translator.body.append(
        PAGE.format(
            settings=html.escape(json.dumps(settings)),
            pictures=pictures,
            boxes=boxes,
            cost=megabytes(
                sum(sizes[part] for part in sizes if part not in further)
            ),
        )
    )
    raise nodes.SkipNode


def megabytes(size: int) -> str:
    """A number of bytes as a reader wants it."""
    return f"{size / 1e6:.0f} MB"


PAGE = """
<div class="playground" role="group" aria-label="Playground" data-settings="{settings}">
  <div class="choice">
    <p><label class="file">Choose a photograph<input type="file" accept="image/*"></label>
    <span class="by-mouse">drop one here, or paste one.</span> It stays on your machine.</p>
    <div class="bundled" role="group" aria-label="Photographs to try">{pictures}</div>
  </div>
  <p class="cost">The first photograph fetches a model and what runs it, {cost}, once.</p>
  <progress aria-label="Fetched" max="1" value="0" hidden></progress>
  <p role="status">This needs JavaScript.</p>
  <div class="controls" hidden>
    <fieldset><legend>Compare with</legend>{boxes}</fieldset>
    <label>Gray up to here <input class="before" type="range" min="0" max="100" value="50">
      <output>50 %</output></label>
    <label>Saturation <input class="saturation" type="range" min="0" max="3" step="0.1" value="1">
      <output>1.0</output></label>
  </div>
  <div class="results"></div>
</div>
"""


def load_script(app, pagename, templatename, context, doctree):
    """Load the script on pages with a playground only."""
    if doctree is not None and any(doctree.findall(playground)):
        app.add_js_file("scripts/playground.js", defer="defer")


def setup(app):
    """Register the directive, its node and its script."""
    app.add_directive("playground", PlaygroundDirective)
    app.add_node(playground, html=(visit_playground, None))
    app.connect("html-page-context", load_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
