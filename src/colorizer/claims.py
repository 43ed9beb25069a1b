"""The paper's claims as tests that can come out either way, fixed before the runs that decide.

A test names a quantity, the runs that decide it, the side on which they are to lie, and a margin,
up to which a difference does not matter. One interval of the difference of two means over seeds
says what comes out: the claim *holds* where the interval lies on the claimed side of zero, it *does
not hold* where it lies on the other, there is *no difference that matters* where it lies within the
margin, and it is *undecided* otherwise. How wide the intervals are is chosen so that, with 95 %
confidence, no verdict of the whole table is wrong.

`CLAIMS` is that table, in the order of the paper's sentences. `judge` reads the records and says
what has come out so far.

Sources: Welch, "The generalization of 'Student's' problem", 1947; Holm, "A simple sequentially
rejective multiple test procedure", 1979.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from colorizer import records
from colorizer.errors import InputError
from colorizer.experiments import DEFAULT_RATES, FEWER_IMAGES, GRID
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


_ERROR = 2e-4, "3 % of a gray copy's error"
_SHARE = 0.03, "three hundredths of what the true photographs have"
QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        _metric("mse", *_ERROR),
        _metric("luminance_mse", *_ERROR),
        Quantity("train_mse", "MSE on training images", 5, *_ERROR),
        Quantity("early", f"MSE on validation images after {EARLY} epochs", 5, *_ERROR),
        Quantity("gap", "MSE on test images above that on training images", 3, 0.05, "a twentieth"),
        _metric("channel_argmax_accuracy", 0.01, "the paper prints whole points"),
        _metric("colorfulness_ratio", *_SHARE),
        _metric("contrast_ratio", *_SHARE),
        _metric("ciede2000", 0.2, "a tenth of what is just noticeable"),
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
        if room <= 0 or self.error == 0:
            return float(room <= 0)
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
        values = map(QUANTITIES[self.quantity].of, records.of(name, budget))
        return [value for value in values if value is not None]

    def known(self, gray_copy: Mapping[str, float]) -> float:
        """The number that `one` is compared with; 0 where it is compared with an experiment."""
        if self.other == GRAY_COPY:
            return gray_copy[self.quantity]
        if isinstance(self.other, tuple):
            return sum(self.other) / 2
        return 0.0 if isinstance(self.other, str) else self.other

    def levels(self, gray_copy: Mapping[str, float]) -> dict[str, float]:
        """Verdict to the smallest level at which it is reached; none without enough runs."""
        terms = [(factor, values) for factor, _, values in self.terms()]
        if any(len(values) < 2 for _, values in terms):
            return {}
        found = estimate(terms, self.known(gray_copy))
        return {
            verdict: min(found.level_within(*ends) for ends in ranges)
            for verdict, ranges in self.regions().items()
        }


def _experiments(name):
    """Factors and experiments of what a test calls `name`."""
    kind, _, optimizer = name.rpartition(" of ")
    if not kind:
        return [(1, name)]
    default = GRID[optimizer][DEFAULT_RATES[optimizer]]
    runs = {row: records.of(row) for row in GRID[optimizer].values()}
    tried = [row for row in runs if runs[row]]
    best = min(tried, key=lambda row: records.validation_loss(runs[row]), default=default)
    if kind == "best":
        return [(1, best)]
    return [] if best == default else [(1, default), (-1, best)]


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, and what decides about it: tests, a fact, or neither.

    Attributes:
        words: the paper's, or a summary of several sentences.
        where: the section of the paper.
        tests: comparisons over seeds. If any of them fails, so does the claim.
        unknown: what the paper does not state, so that the tests cover a range of it; then the
            claim holds, or fails, only where all of them agree.
        fact: what is looked up or computed, where no seed plays a part.
        owed: the measurement that would decide, and that is still to be made.
        untestable: why no honest test exists.
        figure: the label of the book's figure that shows the evidence, if there is one.
    """

    words: str
    where: str
    tests: tuple[Test, ...] = ()
    unknown: str = ""
    fact: str = ""
    owed: str = ""
    untestable: str = ""
    figure: str = ""


@dataclass(frozen=True)
class Verdict:
    """What has come out of a claim that is tested over seeds.

    Attributes:
        word: `HOLDS`, `FAILS`, `ALIKE` or `UNDECIDED`.
        reason: why it is undecided; else nothing.
    """

    word: str
    reason: str = ""


def judge(
    claims: Sequence[Claim], gray_copy: Mapping[str, float], level: float = LEVEL
) -> list[Verdict]:
    """The verdicts on claims that have tests, by what is on record; wrong in any with `level`.

    Holm's procedure: the claim that is decided at the smallest level has to be so at `level` / n,
    the next at `level` / (n - 1), and so on; at the first that is not, all further ones are
    undecided. The number of claims does not depend on how many of them have runs.

    Args:
        claims: each with tests.
        gray_copy: the metrics of a gray copy of the test images.
        level: the chance that any of the verdicts is wrong.
    """
    found = [[test.levels(gray_copy) for test in claim.tests] for claim in claims]
    smallest = [_smallest(claim, levels) for claim, levels in zip(claims, found, strict=True)]
    verdicts = [
        Verdict(UNDECIDED, _reason(claim, levels))
        for claim, levels in zip(claims, found, strict=True)
    ]
    for step, i in enumerate(np.argsort(smallest, kind="stable")):
        at = level / (len(claims) - step)
        if smallest[i] > at:
            break
        verdicts[i] = Verdict(_decided(claims[i], found[i], at))
    return verdicts


def _smallest(claim, levels):
    """The smallest level at which the claim is decided, either way."""
    holds, *others = (
        [of_test.get(word, 1.0) for of_test in levels] for word in (HOLDS, FAILS, ALIKE)
    )
    if claim.unknown:  # all have to agree
        return min(max(holds), *map(max, others))
    return min(max(holds), *(len(levels) * min(other) for other in others))


def _decided(claim, levels, at):
    """What the claim comes to where each test is given its share of the level `at`."""
    share = at if claim.unknown else at / len(levels)  # one failure among many may be chance
    words = []
    for of_test in levels:
        limits = {ALIKE: share, FAILS: share, HOLDS: at}
        reached = (word for word in limits if of_test.get(word, 1.0) <= limits[word])
        words.append(next(reached, UNDECIDED))
    if claim.unknown:
        return words[0] if len(set(words)) == 1 else UNDECIDED
    return next((word for word in (FAILS, ALIKE, UNDECIDED) if word in words), HOLDS)


def _reason(claim, levels):
    """Why a claim is undecided."""
    counts = {name: len(values) for test in claim.tests for _, name, values in test.terms()}
    for count, words in ((0, "no run of"), (1, "one run of")):
        names = [f"`{name}`" for name in counts if counts[name] == count]
        if names:
            return f"{words} {', '.join(names)}"
    if claim.unknown and len({min(of_test, key=of_test.get) for of_test in levels}) > 1:
        return f"it depends on {claim.unknown}"
    return "the interval is too wide"


def evidence(test: Test, gray_copy: Mapping[str, float]) -> str:
    """What is on record for a comparison, in Markdown.

    Mean and standard deviation over seeds, their number, and the difference with its interval of
    95 %, which is narrower than the one that decides in `judge`.
    """
    quantity, terms = QUANTITIES[test.quantity], test.terms()

    def written(value, sign=""):
        return f"{value:{sign}.{quantity.digits}f}".replace("-", "\N{MINUS SIGN}")

    shown = []
    for _, name, values in terms:
        mean = written(np.mean(values)) if values else "not run"
        spread = f" ± {written(np.std(values, ddof=1))}" if len(values) > 1 else ""
        shown.append(f"`{name}` {mean}{spread} ({len(values)})")
    if test.side == "within":
        shown.append(f"claimed {' to '.join(map(written, test.other))}")
    elif test.other == GRAY_COPY:
        shown.append(f"{GRAY_COPY} {written(gray_copy[test.quantity])}")
    elif not isinstance(test.other, str):
        shown.append(f"claimed {test.side} than {written(test.other)}")
    text = f"{quantity.label}: {', '.join(shown)}"
    if min(len(values) for _, _, values in terms) > 1 and test.side != "within":
        found = estimate([(f, values) for f, _, values in terms], test.known(gray_copy))
        low, high = (written(end, "+") for end in found.interval())
        text += f"; difference {written(found.difference, '+')} ({low} to {high})"
    return text


_BOTH = "batchnorm-dropout"
_DROPOUTS = ("dropout-0.1", "dropout-0.25", "dropout")
_LASSOS = ("lasso-1e-08", "lasso", "lasso-1e-06")
_RIDGES = ("ridge-1e-07", "ridge", "ridge-1e-05")
_REGULARISED = (_BOTH, *_DROPOUTS, "batchnorm", *_LASSOS, *_RIDGES)
_RATE = "the rate of dropout, which the paper does not state"
_STRENGTH = "the strength, which the paper does not state"
_OTHERS = [optimizer for optimizer in DEFAULT_RATES if optimizer != "adam"]
HALF_A_LEVEL = (0.5 / 255) ** 2  # the MSE of half a gray level


def _each(quantity, ones, side, other):
    """A test for each of several experiments."""
    return tuple(Test(quantity, one, side, other) for one in ones)


def _against(quantity, one, side, others):
    """A test of one experiment against each of several."""
    return tuple(Test(quantity, one, side, other) for other in others)


CLAIMS = (
    # Abstract and introduction
    Claim(
        "a solution that retains the dimensions of the image",
        "abstract",
        fact="the shape that the model gives back, beside the one that it was given",
    ),
    Claim(
        "satisfying images with low error rates",
        "abstract",
        (
            Test("mse", "plain", "less", GRAY_COPY),
            Test("channel_argmax_accuracy", "plain", "more", GRAY_COPY),
        ),
        figure="fig-three-seeds",
    ),
    Claim(
        "learning rate schedulers improve the efficiency, read as a lower error",
        "I-A",
        _against("mse", "plain", "less", ("constant",)),
        figure="fig-choices-histories",
    ),
    Claim(
        "dropouts improve the efficiency, read as a lower error",
        "I-A",
        _each("mse", _DROPOUTS, "less", "plain"),
        unknown=_RATE,
        figure="fig-three-rate",
    ),
    Claim(
        "lasso and ridge regression improve the efficiency, read as a lower error",
        "I-A",
        _each("mse", (*_LASSOS, *_RIDGES), "less", "plain"),
        unknown=_STRENGTH,
    ),
    Claim(
        "retaining the image size (no form of compression or image property loss)",
        "I-B",
        (Test("luminance_mse", "plain", "not more", HALF_A_LEVEL),),
    ),
    Claim(
        "residual connections reduce training convergence time",
        "I-C",
        _against("early", "unet-add", "less", ("unet-none",)),
    ),
    Claim(
        "residual connections enable training deeper networks more reliably",
        "I-C",
        untestable="a sentence about a deeper network than any that fits 32 by 32 pixels",
    ),
    Claim(
        "regression leads to images that are muted in colour",
        "I-C",
        _each("colorfulness_ratio", ("plain", "chroma", "unet"), "less", 1.0),
        figure="fig-unet-saturation",
    ),
    Claim(
        "regression leads to images that are predominantly sepia toned",
        "I-C",
        owed="the mean hue of what each model of regression paints, beside the true one",
    ),
    Claim(
        "a classification-based approach using CNNs must work better",
        "I-C",
        owed="a classification over colours on the U-Net's body, by every metric",
    ),
    Claim(
        "desaturated, an after-effect of the averaging impact of L2: less so with L1",
        "II",
        _against("colorfulness_ratio", "plain", "less", ("mae",)),
    ),
    # Data and method
    Claim(
        "60000 32x32 colour images in 10 classes, with 6000 images per class",
        "IV-C",
        fact="the images of CIFAR-10, counted",
    ),
    Claim(
        "an 8 bit image is represented by 255 shades",
        "V-A",
        fact="the values of a byte, counted",
    ),
    Claim(
        "division by 255 improves accuracy, quality and training time",
        "V-A",
        owed="the plain model on inputs from 0 to 255, three seeds",
    ),
    Claim(
        "smooth L1 penalizes outliers less than the squared error",
        "V-B",
        fact="the ratio of the two losses at the largest error that there can be",
    ),
    Claim(
        "smooth L1 would predict far-off from the ground truth value",
        "V-B",
        _each("mse", ("smooth-l1",), "more", "plain"),
    ),
    Claim(
        "the squared error captures the finer details, L1 does not",
        "V-B",
        owed="the error of `plain` and `mae` in bands of spatial frequency, three seeds",
    ),
    Claim(
        "ReLU helps with training convergence speedups",
        "V-C",
        owed="the plain model with sigmoid and tanh at the full budget, three seeds",
    ),
    Claim(
        "neuron initialization strategies counter dead neurons",
        "V-C",
        owed="the share of dead units of `plain` and `glorot`, three seeds",
    ),
    Claim(
        "Adam requires less tuning of the learning rate",
        "V-E",
        _against("mse", "price of adam", "less", [f"price of {o}" for o in _OTHERS]),
        figure="fig-choices-rates",
    ),
    Claim(
        "the default value η = 0.001 works for most cases",
        "V-E",
        _against("mse", "plain", "not more", [r for r in GRID["adam"].values() if r != "plain"]),
        figure="fig-choices-rates",
    ),
    # Algorithm and architecture
    Claim(
        "a stride of 2, no padding: 16 by 16, then 8 by 8, then 4 by 4",
        "VI, step 1",
        fact="the sizes that such convolutions give",
    ),
    Claim(
        "a last layer with a stride of 2 results in 32 by 32 by 3",
        "VI, step 2f",
        fact="the size that such a layer gives",
    ),
    Claim(
        "1418496 + 2013315 parameters",
        "Table III",
        fact="the parameters of the model as built",
    ),
    # Constraints
    Claim(
        "large dataset required: fewer images give a higher error",
        "VII",
        tuple(Test("mse", "plain", "more", "plain", budget) for budget in FEWER_IMAGES),
    ),
    Claim(
        "high GPU power needed",
        "VII",
        fact="the time that the three models take without a GPU; over a day is a yes",
    ),
    Claim(
        "overfitting if regularization isn't included",
        "VII and Figure 7",
        _against("gap", "plain", "more", _REGULARISED),
        figure="fig-three-histories",
    ),
    Claim(
        "requires all features in the given image for accurate results",
        "VII",
        owed="the error outside of a part of the image that is covered",
    ),
    # Observations
    Claim(
        "the Adam optimizer produced the least loss, at the default rates",
        "VII",
        _against("mse", "plain", "less", [GRID[o][DEFAULT_RATES[o]] for o in _OTHERS]),
        figure="fig-choices-rates",
    ),
    Claim(
        "the Adam optimizer produced the least loss, each at its best rate",
        "VII",
        _against("mse", "best of adam", "less", [f"best of {o}" for o in _OTHERS]),
        figure="fig-choices-rates",
    ),
    Claim(
        "desaturated and pale: less colourful than without regularisation",
        "Figure 5",
        _each("colorfulness_ratio", (_BOTH,), "less", "plain"),
        figure="fig-three-seeds",
    ),
    Claim(
        "accuracy 53-55%",
        "Figure 5",
        (Test("channel_argmax_accuracy", _BOTH, "within", (0.52, 0.56)),),
        figure="fig-three-seeds",
    ),
    Claim(
        "a loss of about 0.077",
        "Figure 5",
        untestable="the loss is not named, and no loss of this model has that value for certain",
    ),
    Claim(
        "low loss: less than a gray copy's",
        "Figure 5",
        _each("mse", (_BOTH,), "less", GRAY_COPY),
        figure="fig-three-seeds",
    ),
    Claim(
        "pale due to all pixels being normalized and near the mean values",
        "Figure 5",
        untestable="a cause: no two trainings differ in it alone",
    ),
    Claim(
        "a bump-up in the saturation, images much more vivid than Figure 5's",
        "Figure 6",
        _each("colorfulness_ratio", _DROPOUTS, "more", _BOTH),
        unknown=_RATE,
        figure="fig-three-rate",
    ),
    Claim(
        "a bump-up in the contrast over Figure 5's",
        "Figure 6",
        _each("contrast_ratio", _DROPOUTS, "more", _BOTH),
        unknown=_RATE,
        figure="fig-three-grids",
    ),
    Claim(
        "a decrease in accuracy from Figure 5's",
        "Figure 6",
        _each("channel_argmax_accuracy", _DROPOUTS, "less", _BOTH),
        unknown=_RATE,
        figure="fig-three-seeds",
    ),
    Claim(
        "a decrease in loss from Figure 5's",
        "Figure 6",
        _each("mse", _DROPOUTS, "less", _BOTH),
        unknown=_RATE,
        figure="fig-three-rate",
    ),
    Claim(
        "less accurate for generalized images (high variance)",
        "Figure 6",
        _each("gap", _DROPOUTS, "more", "plain"),
        unknown=_RATE,
        figure="fig-three-histories",
    ),
    Claim(
        "highly contrasting: more than Figures 5 and 6",
        "Figure 7",
        _against("contrast_ratio", "plain", "more", (_BOTH, "dropout")),
        figure="fig-three-grids",
    ),
    Claim(
        "saturated images: more so than Figures 5 and 6",
        "Figure 7",
        _against("colorfulness_ratio", "plain", "more", (_BOTH, "dropout")),
        figure="fig-three-seeds",
    ),
    Claim(
        "minimal loss: the least of the three figures, on training images",
        "Figure 7",
        _against("train_mse", "plain", "less", (_BOTH, "dropout")),
        figure="fig-three-histories",
    ),
    Claim(
        "minimal loss: the least of the three figures, on test images",
        "Figure 7",
        _against("mse", "plain", "less", (_BOTH, "dropout")),
        figure="fig-three-seeds",
    ),
    Claim(
        "a loss of 0.3-0.4",
        "Figure 7",
        untestable="the loss is not named, and none that the paper names has that value",
    ),
    Claim(
        "accuracy 50-52%",
        "Figure 7",
        (Test("channel_argmax_accuracy", "plain", "within", (0.49, 0.53)),),
        figure="fig-three-seeds",
    ),
    Claim(
        "less accurate than Figure 5",
        "Figure 7",
        _each("channel_argmax_accuracy", ("plain",), "less", _BOTH),
        figure="fig-three-seeds",
    ),
    Claim(
        "the most realistic images, which most closely resembled the original",
        "Figure 7 and VIII",
        _against("ciede2000", "plain", "less", (_BOTH, "dropout")),
        figure="fig-three-grids",
    ),
    # Conclusion
    Claim(
        "regularization was more harmful: a higher error than without",
        "VIII",
        _against("mse", "plain", "less", _REGULARISED),
    ),
    Claim(
        "regularization was more harmful: muddy and desaturated images",
        "VIII",
        _against("colorfulness_ratio", "plain", "more", _REGULARISED),
    ),
    Claim(
        "high accuracy: more than a gray copy's",
        "VIII",
        (Test("channel_argmax_accuracy", "plain", "more", GRAY_COPY),),
        figure="fig-three-seeds",
    ),
    Claim(
        "can be extended to animation, comics and medical images",
        "I-B",
        untestable="no such images, and no measure of success, are named",
    ),
)
