"""The playground in a notebook: a photograph in, every model's colours out, and what to play with.

`colour` does what the controls say; `Playground` is the controls. The chapter "Workshop"
shows both, and `make playground` opens it as a page of its own.
"""

import base64
import dataclasses
import functools
import html
from collections.abc import Callable
from dataclasses import dataclass

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets
from matplotlib import colormaps
from PIL import Image
from skimage import data as skimage_data

from colorizer import baselines, metrics, photo, records, runs
from colorizer.backend import keras
from colorizer.color import chroma, luminance
from colorizer.data import (
    CLASSES,
    Cifar10,
    at_hand,
    load_cifar10,
    normalize,
    to_gray,
    to_uint8,
)
from colorizer.errors import InputError
from colorizer.models import IMAGE_SIZE
from colorizer.photo import Photo
from colorizer.tables import score

MODELS = {  # the first is the one that a photograph is first coloured by
    "unet": "The U-Net",
    "plain": "The paper's final model",
    "dropout": "With dropout",
    "batchnorm-dropout": "With batch norm and dropout",
}
PHOTOGRAPHS = {  # of scikit-image, all in the public domain, and what they show
    "astronaut": "an astronaut in an orange suit before a flag",
    "chelsea": "the face of a brown tabby cat",
    "coffee": "a cup of espresso on a red saucer",
    "rocket": "a rocket on its launch pad at dusk",
}
DIRECTIONS = 8  # principal directions of the latent vectors that can be walked
SAMPLE = 500  # test images whose latent vectors say what is principal
PASSES = 20  # with dropout left on
PREVIEW = 320  # pixels, the longer side of what is shown
SHOWN = 224  # pixels, the width in which it is shown, where there is room
CELL = "padding: 0 0 0 16px; text-align: right"


@dataclass(frozen=True)
class Play:
    """What the controls say.

    Attributes:
        saturation: factor of the model's chroma.
        strength: of the model's picture against the gray photograph, in [0, 1].
        own_luminance: whether the photograph's luminance is kept; else the model's is shown.
        direction: principal direction of the latent vectors to walk, from 1.
        step: how far, in standard deviations of the latent vectors along it.
        dropout: whether dropout stays on; the picture is then the mean of 20 passes.
        hint: whether the mean of the model's chroma is moved to the true one.

    Raises:
        InputError: there is no such direction.
    """

    saturation: float = 1.0
    strength: float = 1.0
    own_luminance: bool = True
    direction: int = 1
    step: float = 0.0
    dropout: bool = False
    hint: bool = False

    def __post_init__(self):
        if not 1 <= self.direction <= DIRECTIONS:
            raise InputError(f"A direction is a number from 1 to {DIRECTIONS}.")


def colour(original: Photo, model: str, play: Play = Play()) -> Photo:
    """The photograph as a model colours it, played with.

    Args:
        original: the photograph; of its colours only the gray is used, and the mean for a hint.
        model: name of the run whose weights, of seed 0, are used.
        play: what the controls say.

    Raises:
        InputError: there is no such run or its weights are missing.
    """
    gray = original.gray
    any_size = photo.takes_any_size(_parts(model).whole)
    small = photo.thumbnail(gray, any_size)
    rgb = photo.small_rgb(small, lambda g: passes(model, g, play).mean(axis=0), any_size)
    if play.hint:
        rgb = rgb + _mean_chroma(normalize(original.rgb)) - _mean_chroma(rgb)
    if play.own_luminance:
        painted = photo.paint(gray, small, chroma(rgb), play.saturation)
    else:
        y = luminance(rgb)[..., None]
        drawn = np.clip(y + play.saturation * (rgb - y), 0, 1)
        painted = np.asarray(Image.fromarray(to_uint8(drawn)).resize(gray.shape[::-1]))
    mixed = play.strength * normalize(painted) + (1 - play.strength) * normalize(gray)[..., None]
    return dataclasses.replace(original, rgb=to_uint8(mixed))


def uncertainty(original: Photo, model: str) -> np.ndarray:
    """Where a model with dropout left on is unsure of the colour.

    Returns:
        (m, n) of the photograph made small: how far the chroma of the passes lies from their mean,
        as a root mean square, in [0, 1]; zeros for a model without dropout.

    Source: Gal & Ghahramani 2016.
    """

    def deviation(gray):
        return _beyond_gray(passes(model, gray, Play(dropout=True))).std(axis=0)

    any_size = photo.takes_any_size(_parts(model).whole)
    deviations = photo.small_rgb(photo.thumbnail(original.gray, any_size), deviation, any_size)
    return np.linalg.norm(deviations, axis=-1)


def passes(model: str, gray: np.ndarray, play: Play) -> np.ndarray:
    """A model's answers: one, or 20 with dropout left on, always the same 20.

    Args:
        model: name of the run.
        gray: (n, h, w, 1), in [0, 1], of a size that the model takes.
        play: what the controls say of the latent vector and of dropout; a model without a latent
            vector, or without dropout, does not mind.

    Returns:
        RGB (passes, n, h, w, 3), in [0, 1].
    """
    parts = _parts(model)
    times = PASSES if play.dropout and parts.dropouts else 1
    # in one call, many times as quick as one by one
    every = keras.ops.convert_to_tensor(np.concatenate([gray] * times))
    for i, layer in enumerate(parts.dropouts):
        layer.seed_generator.state.assign([0, i])
    if has_latent(model) and play.step:
        latent = parts.encoder(every, training=play.dropout)
        latent += play.step * principal_directions(model)[play.direction - 1]
        rgb = parts.decoder([every, latent], training=play.dropout)
    else:
        rgb = parts.whole(every, training=play.dropout)
    return keras.ops.convert_to_numpy(rgb).reshape(times, *gray.shape[:-1], 3)


def has_latent(model: str) -> bool:
    """Whether a model squeezes the picture into a latent vector."""
    return _parts(model).encoder is not None


@functools.cache
def principal_directions(model: str) -> np.ndarray:
    """Along which directions a model's latent vectors of test images differ most.

    Args:
        model: name of the run of a model that has a latent vector.

    Returns:
        (8, latent size): each a direction, as long as the standard deviation along it.
    """
    latent = keras.ops.convert_to_numpy(_parts(model).encoder(_sample(), training=False))
    _, deviations, directions = np.linalg.svd(latent - latent.mean(axis=0), full_matrices=False)
    scale = deviations[:DIRECTIONS, None] / np.sqrt(SAMPLE - 1)
    return (scale * directions[:DIRECTIONS]).astype(np.float32)


@functools.cache
def _sample():
    return normalize(to_gray(load_cifar10().test.rgb[:SAMPLE]))


@dataclass(frozen=True)
class Parts:
    """A model, whole and divided where it is narrowest.

    Attributes:
        whole: gray (n, h, w, 1) to RGB (n, h, w, 3).
        encoder: gray to the latent vector (n, size); None for a model without one.
        decoder: gray and latent vector to RGB, None likewise. The gray is there for a model that
            keeps the luminance it was given.
        dropouts: its layers that drop activations.
    """

    whole: keras.Model
    encoder: keras.Model | None
    decoder: keras.Model | None
    dropouts: list


@functools.cache
def _parts(model):
    return divided(runs.load_model(records.fullest(model)))


def divided(model: keras.Model) -> Parts:
    """Divide a model at its latent vector, the shortest of the vectors that it makes of a picture.

    A model that makes no vector, such as a U-Net, stays whole. Nothing is asked of the names of
    layers, nor of how many models stand within the model. The parts share its layers, which are no
    longer trainable, so that batch norm keeps to its moving averages in any call.
    """
    model.trainable = False
    vectors = []

    def call(layer, *inputs, **options):
        if isinstance(layer, keras.Model):
            return layer.call(*inputs, **options)  # its layers take its place
        output = layer(*inputs, **options)
        if len(output.shape) == 2:
            vectors.append(output)
        return output

    nested = True
    while nested:  # a model that stands in a model's place may hold models itself
        nested = any(isinstance(layer, keras.Model) for layer in model.layers)
        vectors.clear()
        model = keras.models.clone_model(
            model, clone_function=lambda layer: layer, call_function=call
        )
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    if not vectors:
        return Parts(model, None, None, dropouts)
    latent = min(vectors, key=lambda vector: vector.shape[-1])
    encoder = keras.Model(model.input, latent)
    return Parts(model, encoder, keras.Model([model.input, latent], model.output), dropouts)


def _beyond_gray(rgb):
    return rgb - luminance(rgb)[..., None]


def _mean_chroma(rgb):
    return _beyond_gray(rgb).mean(axis=(0, 1))


class Upload(anywidget.AnyWidget):
    """A field that takes an image file by click, by drop and by paste.

    Attributes:
        name: of the file, as the browser tells it.
        content: of the file; it stays in memory.
        number: of files taken so far.
    """

    _esm = """
    export default {render({model, el}) {
      const label = document.createElement("label");
      label.textContent = "Choose a photograph, drop one here, or paste it: ";
      label.style = "border: 2px dashed; border-radius: 8px; display: block; padding: 16px";
      const input = document.createElement("input");
      Object.assign(input, {type: "file", accept: "image/*"});
      label.append(input);
      el.append(label);
      async function take(files) {
        if (!files[0]) return;
        model.set("name", files[0].name);
        model.set("content", new DataView(await files[0].arrayBuffer()));
        model.set("number", model.get("number") + 1);
        model.save_changes();
      }
      const paste = (event) => take(event.clipboardData.files);
      input.addEventListener("change", () => take(input.files));
      label.addEventListener("dragover", (event) => event.preventDefault());
      label.addEventListener("drop", (event) => {
        event.preventDefault();
        take(event.dataTransfer.files);
      });
      document.addEventListener("paste", paste);
      return () => document.removeEventListener("paste", paste);
    }};
    """
    name = traitlets.Unicode().tag(sync=True)
    content = traitlets.CBytes().tag(sync=True)
    number = traitlets.Int().tag(sync=True)


class Labels(anywidget.AnyWidget):
    """Nothing to see: gives the handles of sliders the name that ipywidgets leaves out."""

    _esm = """
    export default {render() {
      const label = () => {
        for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
          const name = handle.closest(".widget-inline-hbox")?.querySelector(".widget-label");
          if (name) handle.setAttribute("aria-label", name.textContent);
        }
      };
      label();
      const observer = new MutationObserver(label);
      observer.observe(document.body, {childList: true, subtree: true});
      return () => observer.disconnect();
    }};
    """


class Playground:
    """The controls, and what they show; `widget` is what a notebook displays.

    Args:
        data: CIFAR-10, for its test images and the walk through the latent vectors; without it
            these two are left out.
    """

    def __init__(self, data: Cifar10 | None = None):
        self.data = data
        self.original, self.name = None, ""
        for name in filter(has_latent, MODELS if data else ()):
            principal_directions(name)  # now, as no picture is to wait for them
        self._make_controls()
        self.status = widgets.HTML()
        self.pictures, self.scores, self.code = (widgets.HTML() for _ in range(3))
        self.widget = widgets.VBox(
            [
                self.source,
                widgets.VBox([self.kind, self.another, self.bundled, self.upload, self.promise]),
                self.status,
                _row(self.models.values()),
                _explained(self.shown, EXPLAINED["shown"]),
                self.pictures,
                _explained(self.divide, EXPLAINED["divide"]),
                _heading("Play"),
                *self.played,
                _heading("Every metric, beside its floors"),
                self.scores,
                _heading("Keep"),
                self.code,
                self.save,
                Labels(),
            ]
        )
        self._choose()

    # --- what there is to set

    def _make_controls(self):
        sources = ["CIFAR-10"] if self.data else []
        self.source = widgets.ToggleButtons(
            options=[*sources, "a photograph", "your own"], description="Colour"
        )
        self.kind = widgets.Dropdown(options=CLASSES, description="Class")
        self.another = widgets.Button(description="Another one")
        self.index = 0
        self.bundled = widgets.Dropdown(
            options=list(PHOTOGRAPHS), value="chelsea", description="Photograph"
        )
        self.upload, self.promise = Upload(), widgets.HTML(EXPLAINED["upload"])
        self.models = {
            name: widgets.Checkbox(
                value=True,
                description=title,
                indent=False,
                layout=widgets.Layout(width="auto", margin="2px 24px 2px 2px"),
            )
            for name, title in MODELS.items()
        }
        self.shown = widgets.ToggleButtons(
            options=["colours", "chroma", "error", "doubt"],
            description="Show",
        )
        self.divide = widgets.IntSlider(0, 0, 100, description="Gray up to")
        self.play = {
            "saturation": _slider("Saturation", 0, 3, 1, 0.1),
            "strength": _slider("Strength", 0, 1, 1, 0.05),
            "own_luminance": widgets.Checkbox(value=True, description="Its own luminance"),
            "hint": widgets.Checkbox(value=False, description="A hint"),
            "dropout": widgets.Checkbox(value=False, description="Dropout left on"),
            "direction": widgets.IntSlider(1, 1, DIRECTIONS, description="Direction"),
            "step": _slider("Step", -3, 3, 0, 0.25),
        }
        self.reset = widgets.Button(description="As it was")
        self.save = widgets.Button(description="Make files")
        if not self.data:
            del self.play["direction"], self.play["step"]
        self.played = [
            _explained(control, EXPLAINED[name]) for name, control in self.play.items()
        ] + [self.reset]

        for control in (self.source, self.kind, self.bundled):
            control.observe(lambda change: self._choose(), "value")
        self.upload.observe(lambda change: self._choose(), "number")
        self.another.on_click(lambda button: self._shuffle())
        for control in (self.shown, self.divide, *self.models.values(), *self.play.values()):
            control.observe(lambda change: self._show(), "value")
        self.reset.on_click(lambda button: self._reset())
        self.save.on_click(lambda button: self._offer())

    def settings(self) -> Play:
        """What the controls say."""
        return Play(**{name: control.value for name, control in self.play.items()})

    def chosen(self) -> list[str]:
        """Names of the models that are ticked."""
        return [name for name, box in self.models.items() if box.value]

    # --- what follows from it; an error is told in the app, and what was shown stays

    def _told(self, action: Callable[[], None]):
        try:
            self.status.value = ""
            action()
        except InputError as error:
            self.status.value = f"<p role='alert'>{html.escape(str(error))}</p>"
        except Exception as error:
            said = f"Something is wrong with the playground ({type(error).__name__}: {error})."
            self.status.value = f"<p role='alert'>{html.escape(said)}</p>"

    def _choose(self):
        for control, source in (
            (self.kind, "CIFAR-10"),
            (self.another, "CIFAR-10"),
            (self.bundled, "a photograph"),
            (self.upload, "your own"),
            (self.promise, "your own"),
        ):
            control.layout.display = None if self.source.value == source else "none"
        self._told(self._open)

    def _open(self):
        if self.source.value == "your own":
            if not self.upload.number:
                return
            original = photo.read(self.upload.content, self.upload.name)
            self.name = self.upload.name
        elif self.source.value == "a photograph":
            original = Photo(getattr(skimage_data, self.bundled.value)())
            self.name = self.bundled.value
        else:
            members = np.flatnonzero(self.data.test.labels == CLASSES.index(self.kind.value))
            number = members[self.index % len(members)]
            original = Photo(self.data.test.rgb[number])
            self.name = f"{self.kind.value} {number}"
        self.original = original
        self._render()
        self.status.value = f"<p>{html.escape(original.note)}</p>" if original.note else ""

    def _shuffle(self):
        self.index += 1
        self._choose()

    def _reset(self):
        original, self.original = self.original, None  # so that it is drawn once
        for name, control in self.play.items():
            control.value = getattr(Play(), name)
        self.original = original
        self._show()

    def _show(self):
        if self.original is not None:
            self._told(self._render)

    def _render(self):
        play, preview = self.settings(), _preview(self.original)
        coloured = {name: colour(preview, name, play) for name in self.chosen()}
        self.pictures.value = self._figures(preview, coloured)
        self.scores.value = _table(preview, coloured)
        self.code.value = (
            f"<pre style='font-family: monospace'>{html.escape(self._code(play))}</pre>"
        )

    def _figures(self, preview, coloured):
        gray = np.repeat(preview.gray[..., None], 3, axis=-1)
        pictures = {"gray": gray}
        for name, result in coloured.items():
            pictures[name] = self._view(preview, result, name)
        if _has_colour(preview):
            pictures["the truth"] = self._view(preview, preview, None)
        cut = round(self.divide.value / 100 * gray.shape[1])
        scaling = "pixelated" if gray.shape[1] <= 2 * IMAGE_SIZE else "auto"
        figures = ""
        for title, picture in pictures.items():
            picture = np.concatenate([gray[:, :cut], picture[:, cut:]], axis=1)
            label = html.escape(f"{MODELS.get(title, title)}: {self.name}", quote=True)
            figures += (
                f'<figure style="margin: 0; width: min({SHOWN}px, 45%)">'
                f'<img src="{_address(Photo(picture))}" alt="{label}" '
                f'style="image-rendering: {scaling}; width: 100%">'
                f"<figcaption>{html.escape(title)}</figcaption></figure>"
            )
        return f'<div style="display: flex; flex-wrap: wrap; gap: 12px">{figures}</div>'

    def _view(self, preview, result, model):
        """What `shown` asks for, of a model's picture or, with None, of the truth: uint8."""
        rgb = normalize(result.rgb)
        if self.shown.value == "chroma":
            return to_uint8(np.clip(0.5 + _beyond_gray(rgb), 0, 1))
        if self.shown.value == "error":
            error = np.abs(rgb - normalize(preview.rgb)).mean(axis=-1)
            return _map(error, 0.3)
        if self.shown.value == "doubt" and model:
            doubt = uncertainty(preview, model)
            return np.asarray(Image.fromarray(_map(doubt, 0.05)).resize(preview.gray.shape[::-1]))
        return result.rgb

    def _show_code(self, play, links=""):
        code = html.escape(self._code(play))
        self.code.value = f"<pre style='font-family: monospace'>{code}</pre>{links}"

    def _code(self, play):
        told = {
            name: getattr(play, name)
            for name in self.play
            if getattr(play, name) != getattr(Play(), name)
        }
        arguments = ", ".join(f"{name}={value!r}" for name, value in told.items())
        if self.source.value == "your own":
            opened = f"photo.read({self.name!r})"
        elif self.source.value == "a photograph":
            opened = f"photo.Photo(skimage.data.{self.name}())"
        else:
            opened = f"photo.Photo(load_cifar10().test.rgb[{self.name.split()[-1]}])"
        return (
            "import skimage\n\n"
            "from colorizer import photo\n"
            "from colorizer.data import load_cifar10\n"
            "from colorizer.playground import Play, colour\n\n"
            f"original = {opened}\n"
            f"for model in {self.chosen()!r}:\n"
            f"    coloured = colour(original, model, Play({arguments}))\n"
        )

    def _offer(self):
        self._told(self._make_files)

    def _make_files(self):
        """Links to the results in the photograph's own size, under the code."""
        links = ""
        stem = self.name.rpartition(".")[0] or self.name
        for name in self.chosen():
            result = colour(self.original, name, self.settings())
            file = html.escape(f"{stem}-{name}{photo.SUFFIXES[result.format]}", quote=True)
            links += f'<p><a download="{file}" href="{_address(result)}">{file}</a></p>'
        self._show_code(self.settings(), links)


def app() -> widgets.Widget:
    """The playground, with CIFAR-10 where it is at hand; nothing is downloaded for it."""
    return Playground(load_cifar10() if at_hand() else None).widget


EXPLAINED = {
    "upload": "It stays in the memory of this session; nothing is written to disk.",
    "shown": "The pictures; their chroma alone; how far from the truth; where dropout scatters.",
    "divide": "Left of it, in per cent of the width, each picture is the gray photograph.",
    "saturation": "More or less of the model's colour; its hue and the photograph's gray stay.",
    "strength": "A mean of the model's picture, 1, and the gray photograph, 0.",
    "own_luminance": "Off: the model's own; that of the paper's models passed through 256 numbers.",
    "hint": "Moves the mean of the colours to the true one, which no model knows.",
    "dropout": "The mean of 20 passes, each with other neurons silent.",
    "direction": "Along which the latent vectors of the test images differ most (1), or less.",
    "step": "How far the latent vector is moved along it, in standard deviations.",
}


def _slider(name, low, high, value, step):
    return widgets.FloatSlider(value, min=low, max=high, step=step, description=name)


def _explained(control, sentence):
    return _row([control, widgets.HTML(sentence)])


def _heading(text):
    return widgets.HTML(f"<h2>{text}</h2>")


def _row(children):
    return widgets.HBox(list(children), layout=widgets.Layout(flex_flow="row wrap"))


def _has_colour(original):
    return bool(np.any(original.rgb != original.rgb[..., :1]))


def _preview(original):
    """The photograph no larger than it is shown."""
    scale = PREVIEW / max(original.gray.shape)
    if scale >= 1:
        return original
    height, width = (max(1, round(n * scale)) for n in original.gray.shape)
    image = Image.fromarray(original.rgb).resize((width, height), Image.Resampling.BOX)
    return Photo(np.asarray(image))


def _table(truth, coloured):
    """The metrics of each picture, beside a gray copy's and an oracle's, as HTML."""
    rgb, gray = normalize(truth.rgb)[None], normalize(truth.gray)[None, ..., None]
    columns = {"a gray copy": baselines.gray_copy(gray)}
    columns |= {name: normalize(result.rgb)[None] for name, result in coloured.items()}
    columns["the true mean chroma"] = baselines.mean_chroma_oracle(gray, rgb)
    try:
        scores = {title: metrics.evaluate(picture, rgb) for title, picture in columns.items()}
    except InputError as error:  # no colours, or too few pixels
        return f"There is nothing to compare with. {html.escape(str(error))}"
    head = "<th scope=col style='text-align: left'>metric</th>" + "".join(
        f"<th scope=col style='{CELL}'>{html.escape(title)}</th>" for title in columns
    )
    rows = "".join(
        f"<tr><th scope=row style='text-align: left'>{html.escape(metric.label)}</th>"
        + "".join(
            f"<td style='{CELL}'>{score(name, [found[name]])}</td>" for found in scores.values()
        )
        + "</tr>"
        for name, metric in metrics.METRICS.items()
        if name in scores["a gray copy"]
    )
    return f"<div style='overflow-x: auto'><table><tr>{head}</tr>{rows}</table></div>"


def _map(values, highest):
    """Values from 0 to `highest` as colours that grow lighter: uint8 RGB."""
    return to_uint8(colormaps["magma"](np.clip(values / highest, 0, 1))[..., :3])


def _address(picture):
    """A photograph's file as a `data:` address."""
    content = base64.b64encode(photo.encoded(picture)).decode()
    return f"data:{Image.MIME[picture.format]};base64,{content}"
