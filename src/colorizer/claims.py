"""The paper's claims as tests that can come out either way, written down before the seeds to come.

A test names a quantity, the runs that decide it, the side on which they are to lie, and a margin,
up to which a difference does not matter. One interval of the difference of two means over seeds
says what comes out: there is *no difference that matters* where it lies within the margin, the
claim *holds* where it lies on the claimed side of zero, it *does not hold* where it lies on the
other, and it is *undecided* otherwise. The intervals are so wide that the chance of any wrong
verdict in the whole table is 5 %: each claim has an equal share of it.

`CLAIMS` is that table, in the order of the paper's sentences. `judge` reads the records and says
what has come out so far.

Sources: Welch, "The generalization of 'Student's' problem", 1947; Dunn, "Multiple comparisons among
means", 1961.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from colorizer import records
from colorizer.errors import InputError
from colorizer.experiments import DEFAULT_RATES, EXPERIMENTS, FEWER_IMAGES, GRID
from colorizer.metrics import METRICS
from colorizer.records import FULL, Budget, Run

LEVEL = 0.05  # the chance that any verdict of the table is wrong
HOLDS, FAILS = "holds", "does not hold"
ALIKE, UNDECIDED = "no difference that matters", "undecided"
GRAY_COPY = "gray copy"
EARLY = 3  # epochs after which a training is ahead or behind


def gap(run: Run) -> float:
    """By what share the MSE on test images exceeds that on training images."""
    return run.metrics["mse"] / run.metrics["train_mse"] - 1


@dataclass(frozen=True)
class Quantity:
    """What is measured of a run.

    Attributes:
        name: of a metric in a record, or of one of the two that follow from a record, "gap" and
            "early".
        label: what tables call it.
        digits: after the point.
        margin: a difference up to this size does not matter.
        why: the reason for that size.
    """

    name: str
    label: str
    digits: int
    margin: float
    why: str

    def of(self, run: Run) -> float | None:
        """The value of a run; None if its record does not hold it."""
        if self.name == "gap":
            return gap(run)
        if self.name == "early":
            return run.history["val_mse"][EARLY - 1]
        return run.metrics.get(self.name)


def _metric(name, margin, why):
    return Quantity(name, METRICS[name].label, METRICS[name].digits, margin, why)


_ERROR = (
    2e-4,
    "3 % of a gray copy's error; near 0.0078 it moves the typical error from 22.5 to 22.8 of 255 "
    "gray levels",
)
_DETAIL = 1e-4, "near 0.0016 it moves the typical error from 10.2 to 10.5 of 255 gray levels"
_SHARE = 0.03, "3 % of the true photographs' value"
QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        _metric("mse", *_ERROR),
        Quantity(
            "luminance_mse",
            "luminance MSE",
            6,
            (1 / 255) ** 2,
            "the square of one gray level, 1/255",
        ),
        Quantity("train_mse", "MSE on training images", 5, *_ERROR),
        Quantity("detail_mse", "MSE within blocks of 2 by 2 pixels", 6, *_DETAIL),
        Quantity("early", f"MSE on validation images after {EARLY} epochs", 5, *_ERROR),
        Quantity(
            "gap", "test MSE over training MSE, minus one", 3, 0.05, "5 % of the training error"
        ),
        _metric("channel_argmax_accuracy", 0.01, "the paper prints whole points"),
        _metric("colorfulness_ratio", *_SHARE),
        _metric("contrast_ratio", *_SHARE),
        Quantity("sepia_share", "share of the chroma near sepia", 3, 0.03, "3 % of all chroma"),
        Quantity(
            "covered_ratio",
            "error of the rest with the middle covered, as a multiple",
            3,
            0.03,
            "3 % of the error",
        ),
        Quantity("dead_units", "share of dead units", 3, 0.01, "one unit in a hundred"),
        _metric("ciede2000", 0.5, "half of what can just be seen"),
        _metric("ssim", 0.01, "a hundredth of the way from unlike to equal"),
    )
}


@dataclass(frozen=True)
class Estimate:
    """A difference of means over seeds, and how well it is known.

    Attributes:
        difference: of the means.
        error: its standard error.
        freedom: degrees of freedom of Student's t, after Welch and Satterthwaite.
    """

    difference: float
    error: float
    freedom: float

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Ends of the interval that misses the true difference with probability `level`."""
        reach = stats.t.ppf(1 - level / 2, self.freedom) * self.error
        return self.difference - reach, self.difference + reach

    def level_within(self, low: float, high: float) -> float:
        """The smallest level at which the interval lies between `low` and `high`, at most 1."""
        room = min(self.difference - low, high - self.difference)
        if room <= 0 or self.error == 0:  # without a spread nothing is known
            return 1.0
        return 2 * float(stats.t.sf(room / self.error, self.freedom))


def estimate(terms: Sequence[tuple[float, Sequence[float]]], known: float = 0.0) -> Estimate:
    """A weighted sum of means, less a known number.

    Args:
        terms: of each mean its factor and the values that it is of; `[(1, ours), (-1, theirs)]` is
            a difference.
        known: what is subtracted.

    Raises:
        InputError: a mean of fewer than two values, whose spread nobody knows.
    """
    if any(len(values) < 2 for _, values in terms):
        raise InputError("The spread of fewer than two values is not known.")
    difference = sum(factor * np.mean(values) for factor, values in terms) - known
    parts = [factor**2 * np.var(values, ddof=1) / len(values) for factor, values in terms]
    squares = sum(
        part**2 / (len(values) - 1) for part, (_, values) in zip(parts, terms, strict=True)
    )
    freedom = sum(parts) ** 2 / squares if squares else math.inf
    return Estimate(float(difference), math.sqrt(sum(parts)), float(freedom))


@dataclass(frozen=True)
class Test:
    """One comparison.

    Attributes:
        quantity: a name in `QUANTITIES`.
        one: an experiment; or "best of OPTIMISER", at the rate of its lowest validation loss; or
            "price of OPTIMISER", by how much its default rate scores above that.
        side: where `one` is to lie: "less" or "more" than `other`, "not more" by over the margin,
            or "within" two numbers.
        other: of the same kind as `one`, or `GRAY_COPY`, or a number, or the two numbers.
        budget: of `one`; whatever it is compared with has the full one.
    """

    quantity: str
    one: str
    side: str
    other: str | float | tuple[float, float]
    budget: Budget = FULL
    __test__ = False  # pytest takes classes of this name for its own

    def regions(self) -> dict[str, list[tuple[float, float]]]:
        """Verdict to the ranges in one of which the interval of the difference lies for it."""
        margin, most = QUANTITIES[self.quantity].margin, math.inf
        if self.side == "within":
            half = (self.other[1] - self.other[0]) / 2
            return {FAILS: [(-most, -half), (half, most)], HOLDS: [(-half, half)]}
        if self.side == "not more":
            return {FAILS: [(margin, most)], HOLDS: [(-most, margin)]}
        below, above = [(-most, 0.0)], [(0.0, most)]
        holds, fails = (below, above) if self.side == "less" else (above, below)
        return {ALIKE: [(-margin, margin)], FAILS: fails, HOLDS: holds}

    def terms(self) -> list[tuple[int, str, list[float]]]:
        """Of each mean that is compared: its factor, what was trained, the values of the runs."""
        found = [(factor, name, self.budget) for factor, name in _experiments(self.one)]
        if isinstance(self.other, str) and self.other != GRAY_COPY:
            found += [(-factor, name, FULL) for factor, name in _experiments(self.other)]
        return [
            (factor, name if budget == FULL else f"{name}, {budget}", self._values(name, budget))
            for factor, name, budget in found
        ]

    def _values(self, name, budget):
        runs = records.of(name, budget)[
            : EXPERIMENTS[name].seeds
        ]  # who looks on is wrong more often
        values = map(QUANTITIES[self.quantity].of, runs)
        return [value for value in values if value is not None]

    def known(self, gray_copy: Mapping[str, float]) -> float:
        """The number that `one` is compared with; 0 where it is compared with an experiment."""
        if self.other == GRAY_COPY:
            return gray_copy[self.quantity]
        if isinstance(self.other, tuple):
            return sum(self.other) / 2
        return 0.0 if isinstance(self.other, str) else self.other

    def estimate(self, gray_copy: Mapping[str, float]) -> Estimate | None:
        """The difference; None as long as some runs that the book wants are to be made."""
        terms = self.terms()
        if not terms or any(_lacking(name, values) for _, name, values in terms):
            return None
        return estimate([(factor, values) for factor, _, values in terms], self.known(gray_copy))

    def verdict(self, found: Estimate | None, level: float, share: float) -> str:
        """What the interval says.

        Args:
            found: the difference.
            level: at which the claim may hold.
            share: at which it may fail, or be a tie; the smaller, the more comparisons it has.
        """
        if found is None:
            return UNDECIDED
        for word, ranges in self.regions().items():
            smallest = min(found.level_within(*ends) for ends in ranges)
            if smallest <= (level if word == HOLDS else share):
                return word
        return UNDECIDED


def _experiments(name):
    """Factors and experiments of what a test calls `name`."""
    kind, _, optimizer = name.rpartition(" of ")
    if not kind:
        return [(1, name)]
    default = GRID[optimizer][DEFAULT_RATES[optimizer]]
    first = {row: records.of(row)[:1] for row in GRID[optimizer].values()}  # all have seed 0
    tried = [row for row in first if first[row]]
    best = min(tried, key=lambda row: records.validation_loss(first[row]), default=default)
    if kind == "best":
        return [(1, best)]
    return [] if best == default else [(1, default), (-1, best)]


def _lacking(name, values):
    """How many runs are still to be made, of an experiment as `terms` names it."""
    return EXPERIMENTS[name.split(",")[0]].seeds - len(values)


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, and what decides about it: readings, a fact, or neither.

    Attributes:
        words: the paper's, or a summary of several sentences.
        where: the section of the paper.
        readings: comparisons over seeds, in a tuple for each value that is tried of what the paper
            does not state. Within a reading all comparisons have to hold, and one that fails
            refutes it. The readings have to agree.
        unknown: what the paper does not state, where there are several readings.
        fact: what is looked up or computed, where no seed plays a part.
        owed: the measurement that would decide, and that is still to be made.
        untestable: why no honest test exists.
        figure: the label of the book's figure that shows the evidence, if there is one.
    """

    words: str
    where: str
    readings: tuple[tuple[Test, ...], ...] = ()
    unknown: str = ""
    fact: str = ""
    owed: str = ""
    untestable: str = ""
    figure: str = ""

    @property
    def tests(self) -> tuple[Test, ...]:
        """The comparisons of all readings."""
        return tuple(dict.fromkeys(test for reading in self.readings for test in reading))


@dataclass(frozen=True)
class Verdict:
    """What has come out of a claim that is tested over seeds.

    Attributes:
        word: `HOLDS`, `FAILS`, `ALIKE` or `UNDECIDED`.
        reason: why it is undecided; else nothing.
    """

    word: str
    reason: str = ""


def judge(claim: Claim, gray_copy: Mapping[str, float], level: float) -> Verdict:
    """The verdict by what is on record, wrong with the probability `level` at most.

    Args:
        claim: with readings.
        gray_copy: the metrics of a gray copy of the test images.
        level: the claim's share of the chance that any verdict is wrong; see `share`.
    """
    words = [_read(reading, gray_copy, level) for reading in claim.readings]
    if len(set(words)) == 1 and words[0] != UNDECIDED:
        return Verdict(words[0])
    return Verdict(UNDECIDED, _reason(claim, words))


def share(claims: Sequence[Claim]) -> float:
    """The part of `LEVEL` that each claim has which is, or will be, tested over seeds."""
    return LEVEL / sum(bool(claim.readings or claim.owed) for claim in claims)


def _read(reading, gray_copy, level):
    """What one reading comes to: if some comparisons are ties and all others hold, it is a tie."""
    part = level / len(reading)  # one failure among many comparisons may be chance
    words = [test.verdict(test.estimate(gray_copy), level, part) for test in reading]
    return next((word for word in (FAILS, UNDECIDED, ALIKE) if word in words), HOLDS)


def _reason(claim, words):
    """Why a claim is undecided."""
    if len({word for word in words if word != UNDECIDED}) > 1:
        return f"it depends on {claim.unknown}"
    terms = {name: values for test in claim.tests for _, name, values in test.terms()}
    lacking = [f"`{name}`" for name, values in terms.items() if _lacking(name, values) > 0]
    return (
        f"measurements are missing of {', '.join(lacking)}"
        if lacking
        else "the interval is too wide"
    )


def evidence(test: Test, gray_copy: Mapping[str, float], level: float) -> str:
    """What is on record for a comparison, in Markdown.

    Mean and standard deviation over seeds, their number, and the difference with the interval of
    the level, which decides.
    """
    quantity, terms = QUANTITIES[test.quantity], test.terms()

    def written(value, sign=""):
        return f"{value:{sign}.{quantity.digits}f}".replace("-", "\N{MINUS SIGN}")

    shown = []
    for _, name, values in terms:
        mean = written(np.mean(values)) if values else "not measured"
        spread = f" ± {written(np.std(values, ddof=1))}" if len(values) > 1 else ""
        shown.append(f"`{name}` {mean}{spread} ({len(values)})")
    if test.side == "within":
        shown.append(f"claimed {' to '.join(map(written, test.other))}")
    elif not isinstance(test.other, str):
        shown.append(f"claimed {test.side} than {written(test.other)}")
    if test.quantity in gray_copy:
        shown.append(f"{GRAY_COPY} {written(gray_copy[test.quantity])}")
    text = f"{quantity.label}: {', '.join(shown)}"
    found = test.estimate(gray_copy)
    if found and test.side == "within":
        low, high = (written(test.known(gray_copy) + end) for end in found.interval(level))
        text += f"; interval {low} to {high}"
    elif found:
        low, high = (written(end, "+") for end in found.interval(level))
        text += f"; difference {written(found.difference, '+')} ({low} to {high})"
    return text


_BOTH = "batchnorm-dropout"
_REGRESSIONS = ("plain", "chroma", "unet")
_DROPOUTS = ("dropout-0.1", "dropout-0.25", "dropout")
_LASSOS = ("lasso-1e-08", "lasso", "lasso-1e-06")
_RIDGES = ("ridge-1e-07", "ridge", "ridge-1e-05")
_RATE = "the rate of dropout, which the paper does not state"
_STRENGTH = "the strength, which the paper does not state"
_MEASURE = "the measure of resemblance, which the paper does not state"
_OTHERS = [optimizer for optimizer in DEFAULT_RATES if optimizer != "adam"]


def _against(quantity, one, side, *others):
    """One reading: an experiment against each of several."""
    return (tuple(Test(quantity, one, side, other) for other in others),)


def _at_each(quantity, ones, side, *others):
    """A reading for each value that is tried of what the paper leaves open."""
    return tuple(_against(quantity, one, side, *others)[0] for one in ones)


def _at_each_rate(quantity, side, *others):
    """Of the plain model, against others and against dropout, a reading for each rate."""
    return tuple(_against(quantity, "plain", side, *others, rate)[0] for rate in _DROPOUTS)


CLAIMS = (
    # Abstract and introduction
    Claim(
        "a solution that retains the dimensions of the image",
        "abstract",
        fact="the shape that the model gives back, beside the one that it was given",
    ),
    Claim(
        "low error rates, read as below a gray copy's error",
        "abstract",
        _against("mse", "plain", "less", GRAY_COPY),
        figure="fig-three-seeds",
    ),
    Claim(
        "learning rate schedulers improve the efficiency (an aim), read as a lower error",
        "I-A",
        _against("mse", "plain", "less", "constant"),
        figure="fig-choices-histories",
    ),
    Claim(
        "dropouts improve the efficiency (an aim), read as a lower error",
        "I-A",
        _at_each("mse", _DROPOUTS, "less", "plain"),
        unknown=_RATE,
        figure="fig-three-rate",
    ),
    Claim(
        "lasso improves the efficiency (an aim), read as a lower error",
        "I-A",
        _at_each("mse", _LASSOS, "less", "plain"),
        unknown=_STRENGTH,
    ),
    Claim(
        "ridge improves the efficiency (an aim), read as a lower error",
        "I-A",
        _at_each("mse", _RIDGES, "less", "plain"),
        unknown=_STRENGTH,
    ),
    Claim(
        "no form of compression or image property loss while retaining the image size, "
        "read of the luminance",
        "I-B",
        _against("luminance_mse", "plain", "not more", 0.0),
    ),
    Claim(
        "can be extended to animation, comics and medical images",
        "I-B",
        untestable="no such images, and no measure of success, are named",
    ),
    Claim(
        "residual connections (purportedly) reduce training convergence time",
        "I-C",
        _against("early", "unet-add", "less", "unet-none"),
    ),
    Claim(
        "residual connections (purportedly) enable training deeper networks, read as a lower error",
        "I-C",
        _against("mse", "unet-deep-add", "less", "unet-deep-none"),
    ),
    Claim(
        "in numerous cases regression leads to images that are muted in colour "
        "(of another system), read of the mean",
        "I-C",
        _at_each("colorfulness_ratio", _REGRESSIONS, "less", 1.0),
        unknown="the model",
        figure="fig-unet-saturation",
    ),
    Claim(
        "in numerous cases regression leads to images that are predominantly sepia toned "
        "(of another system), "
        "read as over half of the chroma",
        "I-C",
        _at_each("sepia_share", _REGRESSIONS, "more", 0.5),
        unknown="the model",
    ),
    Claim(
        "a classification-based approach using CNNs must work better",
        "I-C",
        owed="a classification over colours on the U-Net's body, by every metric",
    ),
    Claim(
        "desaturated, an after-effect of the averaging impact of L2: less so with L1",
        "II",
        _against("colorfulness_ratio", "plain", "less", "mae"),
    ),
    # Data and method
    Claim(
        "60000 32x32 colour images in 10 classes, with 6000 images per class",
        "IV-C",
        fact="the images of CIFAR-10, counted",
    ),
    Claim(
        "the test batch contains exactly 1000 images from each class",
        "IV-C",
        fact="the test images, counted",
    ),
    Claim("an 8 bit image is represented by 255 shades", "V-A", fact="the values of a byte"),
    Claim(
        "division by 255 improves accuracy and quality, read as a lower error",
        "V-A",
        _against("mse", "plain", "less", "undivided"),
    ),
    Claim(
        "division by 255 improves training time, read as a lower error early on",
        "V-A",
        _against("early", "plain", "less", "undivided"),
    ),
    Claim(
        "on data in [0, 1] smooth L1 penalizes outliers less than the squared error, beside small "
        "errors",
        "V-B",
        fact="the ratio of the two losses, at the largest possible error and at a small one",
    ),
    Claim(
        "smooth L1 would predict far-off from the ground truth value",
        "V-B",
        _against("mse", "smooth-l1", "more", "plain"),
    ),
    Claim(
        "the squared error captures the finer details, L1 does not: less error between neighbours",
        "V-B",
        _against("detail_mse", "plain", "less", "mae"),
    ),
    Claim(
        "ReLU helps with training convergence speedups, read as a lower error early on",
        "V-C",
        _against("early", "plain", "less", "tanh", "sigmoid"),
    ),
    Claim(
        "neuron initialization strategies counter dead neurons: fewer than with Keras's default",
        "V-C",
        _against("dead_units", "plain", "less", "glorot"),
    ),
    Claim(
        "Adam requires less tuning of the learning rate than gradient descent",
        "V-E",
        _against("mse", "price of adam", "less", "price of momentum", "price of sgd"),
        figure="fig-choices-rates",
    ),
    Claim(
        "Adam's default η = 0.001 works here: about as well as the best of four rates",
        "V-E",
        _against("mse", "plain", "not more", *(r for r in GRID["adam"].values() if r != "plain")),
        figure="fig-choices-rates",
    ),
    Claim(
        "step 5 of the Adam algorithm, θ + η m / √(s + ε), goes down",
        "Figure 3",
        fact="one such step on a parabola",
    ),
    # Algorithm and architecture
    Claim(
        "a stride of 2, no padding: 16 by 16, then 8 by 8, then 4 by 4",
        "VI, step 1",
        fact="the sizes that such convolutions give",
    ),
    Claim(
        "the resultant vector is spread out into a 1D vector of 256",
        "VI, step 1d",
        fact="the numbers in the last feature maps",
    ),
    Claim(
        "a last layer with a stride of 2 results in 32 by 32 by 3",
        "VI, step 2f",
        fact="the size that such a layer gives",
    ),
    Claim(
        "the number of parameters of each layer",
        "Tables I and II",
        fact="the parameters of each layer of the model as built",
    ),
    Claim("the encoder's input is (None, 256)", "Table III", fact="its shape as built"),
    Claim(
        "1418496 + 2013315 parameters",
        "Table III",
        fact="the parameters of the model as built",
    ),
    # Constraints
    Claim(
        "large dataset required: fewer images give a higher error",
        "VII",
        (tuple(Test("mse", "plain", "more", "plain", budget) for budget in FEWER_IMAGES),),
    ),
    Claim(
        "high GPU power needed",
        "VII",
        untestable="no power and no time are named",
    ),
    Claim(
        "overfitting if the parameters are not normalized and regularization isn't included, "
        "read of regularisation alone",
        "VII and Figure 7",
        _at_each_rate("gap", "more", 0.0, _BOTH),
        unknown=_RATE,
        figure="fig-three-histories",
    ),
    Claim(
        "requires all features in the given image for accurate results, "
        "read as a higher error around a covered square",
        "VII",
        _against("covered_ratio", "plain", "more", 1.0),
    ),
    # Observations
    Claim(
        "the Adam optimizer produced the least loss, at the default rates",
        "VII",
        _against("mse", "plain", "less", *(GRID[o][DEFAULT_RATES[o]] for o in _OTHERS)),
        figure="fig-choices-rates",
    ),
    Claim(
        "the Adam optimizer produced the least loss, each at its best rate",
        "VII",
        _against("mse", "best of adam", "less", *(f"best of {o}" for o in _OTHERS)),
        figure="fig-choices-rates",
    ),
    Claim(
        "desaturated and pale: less colourful than without regularisation",
        "Figure 5",
        _against("colorfulness_ratio", _BOTH, "less", "plain"),
        figure="fig-three-seeds",
    ),
    Claim(
        "accuracy 53-55%, read as the share of pixels whose largest channel is right",
        "Figure 5",
        _against("channel_argmax_accuracy", _BOTH, "within", (0.52, 0.56)),
        figure="fig-three-seeds",
    ),
    Claim(
        "a loss of about 0.077, read as the MSE that the paper names as its loss",
        "Figure 5",
        _against("mse", _BOTH, "within", (0.0765, 0.0775)),
    ),
    Claim(
        "low loss: less than a gray copy's",
        "Figure 5",
        _against("mse", _BOTH, "less", GRAY_COPY),
        figure="fig-three-seeds",
    ),
    Claim(
        "pale due to all pixels being normalized and near the mean values",
        "Figure 5",
        untestable="a cause that is not described well enough to be switched on and off alone",
    ),
    Claim(
        "a bump-up in the saturation, images much more vivid than Figure 5's",
        "Figure 6",
        _at_each("colorfulness_ratio", _DROPOUTS, "more", _BOTH),
        unknown=_RATE,
        figure="fig-three-rate",
    ),
    Claim(
        "a bump-up in the contrast over Figure 5's",
        "Figure 6",
        _at_each("contrast_ratio", _DROPOUTS, "more", _BOTH),
        unknown=_RATE,
        figure="fig-three-grids",
    ),
    Claim(
        "a decrease in accuracy from Figure 5's",
        "Figure 6",
        _at_each("channel_argmax_accuracy", _DROPOUTS, "less", _BOTH),
        unknown=_RATE,
        figure="fig-three-seeds",
    ),
    Claim(
        "a decrease in loss from Figure 5's",
        "Figure 6",
        _at_each("mse", _DROPOUTS, "less", _BOTH),
        unknown=_RATE,
        figure="fig-three-rate",
    ),
    Claim(
        "less accurate for generalized images (high variance), read as a wider gap than Figure 5's",
        "Figure 6",
        _at_each("gap", _DROPOUTS, "more", _BOTH),
        unknown=_RATE,
        figure="fig-three-histories",
    ),
    Claim(
        "highly contrasting: more than Figures 5 and 6",
        "Figure 7",
        _at_each_rate("contrast_ratio", "more", _BOTH),
        unknown=_RATE,
        figure="fig-three-grids",
    ),
    Claim(
        "saturated images: more so than Figures 5 and 6",
        "Figure 7",
        _at_each_rate("colorfulness_ratio", "more", _BOTH),
        unknown=_RATE,
        figure="fig-three-seeds",
    ),
    Claim(
        "vivid images: as colourful as the true ones",
        "Figure 7 and VIII",
        _against("colorfulness_ratio", "plain", "within", (0.97, 1.03)),
        figure="fig-three-seeds",
    ),
    Claim(
        "minimal loss: the least of the three figures, on training images",
        "Figure 7",
        _at_each_rate("train_mse", "less", _BOTH),
        unknown=_RATE,
        figure="fig-three-histories",
    ),
    Claim(
        "minimal loss: the least of the three figures, on test images",
        "Figure 7",
        _at_each_rate("mse", "less", _BOTH),
        unknown=_RATE,
        figure="fig-three-seeds",
    ),
    Claim(
        "a loss of 0.3-0.4, read as the MSE that the paper names as its loss",
        "Figure 7",
        _against("mse", "plain", "within", (0.3, 0.4)),
    ),
    Claim(
        "accuracy 50-52%, read as the share of pixels whose largest channel is right",
        "Figure 7",
        _against("channel_argmax_accuracy", "plain", "within", (0.49, 0.53)),
        figure="fig-three-seeds",
    ),
    Claim(
        "less accurate than Figure 5",
        "Figure 7",
        _against("channel_argmax_accuracy", "plain", "less", _BOTH),
        figure="fig-three-seeds",
    ),
    Claim(
        "the most realistic images out of the trained models",
        "Figure 7",
        owed="the judge of Part V on the three models, five seeds of each",
    ),
    # Conclusion
    Claim(
        "most closely resembled the original images, more so than Figure 5's",
        "VIII",
        (
            *_against("mse", "plain", "less", _BOTH),
            *_against("ciede2000", "plain", "less", _BOTH),
            *_against("ssim", "plain", "more", _BOTH),
        ),
        unknown=_MEASURE,
        figure="fig-three-grids",
    ),
    Claim(
        "regularization was more harmful: a higher error than without",
        "VIII",
        _at_each_rate("mse", "less", _BOTH),
        unknown=_RATE,
        figure="fig-three-rate",
    ),
    Claim(
        "regularization was more harmful: muddy and desaturated images",
        "VIII",
        _at_each_rate("colorfulness_ratio", "more", _BOTH),
        unknown=_RATE,
        figure="fig-three-rate",
    ),
    Claim(
        "high accuracy: more than a gray copy's",
        "VIII",
        _against("channel_argmax_accuracy", "plain", "more", GRAY_COPY),
        figure="fig-three-seeds",
    ),
)
