"""The live figures of how a network learns, dragged in a browser, against NumPy and Keras."""

import itertools

import numpy as np
import pytest
from test_live import (  # noqa: F401 - a fixture
    BOOK,
    PHONE,
    assert_it_fits,
    show,
    some_image,
)
from test_page import browser, needs_chromium  # noqa: F401 - a fixture

from colorizer import live
from colorizer.backend import keras

pytestmark = needs_chromium


def scatter():
    return live.figure(
        "scatter",
        alt="An input and what a transposed convolution makes of it.",
        photograph=live.packed(some_image()[::4, ::4]),
        at=[8, 8],
    )


def valley():
    return live.figure("valley", alt="Five optimisers in a narrow valley.", start=[-1.4, -2.4])


def graph():
    return live.figure("graph", alt="A network and its gradients.", weights=[1.5, 0.8, 1.2, -0.9])


def schedule():
    return live.figure(
        "schedule", alt="A schedule, its loss, and a walk.", curvatures=[1.0, 0.1], seed=7
    )


def norm():
    return live.figure(
        "norm",
        alt="A batch, normalised in two ways.",
        mean=2.5,
        deviation=0.7,
        step=60,
        seed=3,
    )


MAPS = np.random.default_rng(0).integers(0, 256, (4, 16, 16), np.uint8)


def channel():
    return live.figure(
        "channel",
        alt="A channel, and what passes its ReLU.",
        channel=live.packed(MAPS),
        low=-3.0,
        high=1.0,
        photographs=live.packed(MAPS[::-1]),
        side=16,
        count=4,
    )


def signal():
    return live.figure(
        "signal", alt="A signal and its gradient.", seed=5, activation="ReLU", spread=1.0
    )


def shrinkage():
    return live.figure("shrinkage", alt="Two weights and a penalty.", best=[1.6, 0.7])


NETWORK = {
    "into": [1.5, -1.5, 1.0, -0.5],
    "bias": [0.5, 0.2, -1.0, 1.0],
    "out": [1.0, 0.8, -1.4, -1.2],
    "shift": 0.3,
}


def masks():
    return live.figure(
        "masks", alt="A network and its masks.", network=NETWORK, mask=[1, 0, 1, 1], at=-1
    )


FIGURES = [scatter, graph, valley, schedule, channel, norm, signal, shrinkage, masks]


def normals(count, seed):
    """What kit.mjs makes of a seed: xorshift, then Box and Muller."""
    x, uniform = seed, []
    for _ in range(count + 16):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        uniform.append(x / 2**32)
    first, second = np.reshape(uniform[16:], (-1, 2)).T
    radius = np.sqrt(-2 * np.log(first))
    pair = radius * np.cos(2 * np.pi * second), radius * np.sin(2 * np.pi * second)
    return np.stack(pair, axis=1).ravel()


def slider_of(shown, name):
    return shown.tab.get_by_role("slider", name=name, exact=True)


@pytest.mark.parametrize("make", FIGURES, ids=lambda make: make.__name__)
@pytest.mark.parametrize(("width", "theme"), [(PHONE, "dark"), (PHONE, "light"), (BOOK, "light")])
def test_a_figure_fits_and_can_be_read(show, make, width, theme):
    assert_it_fits(show(make(), width=width, theme=theme), width)


def test_two_figures_of_a_page_share_no_names(show):
    names = "[...document.querySelectorAll('[type=radio], clipPath')].map((x) => x.name ?? x.id)"
    first, second = (set(show(make()).tab.evaluate(names)) for make in (masks, shrinkage))
    assert first
    assert not first & second


def test_copies_are_scattered_as_by_keras_and_the_marker_tells_whose(show):
    shown = show(scatter())
    for side, stride, given, tent in itertools.product((2, 3, 5), (1, 2, 3), (0, 1), (0, 1)):
        shown.slide("Kernel side", side)
        shown.slide("Stride", stride)
        shown.choose(("constant", "photo")[given])
        shown.choose(("equal", "tent")[tent])
        values = shown.values
        line = (
            np.ones(side)
            if not tent
            else 1 - abs(np.arange(side) - (side - 1) / 2) / (side + 1) * 2
        )
        np.testing.assert_allclose(values["kernel"], line, atol=1e-12)
        image = some_image()[::4, ::4] / 255 if given else np.ones((8, 8))
        kernel = np.outer(line, line)[..., None, None].astype("float32")
        pictures = image[None, ..., None].astype("float32")
        expected = keras.ops.conv_transpose(pictures, kernel, stride, "valid")
        expected = keras.ops.convert_to_numpy(expected)[0, ..., 0]
        size = values["size"]
        assert size == (8 - 1) * stride + side
        ours = np.reshape(values["output"], (size, size))
        np.testing.assert_allclose(ours, expected[:size, :size], atol=1e-5)
        assert not expected[size:].any()  # Keras adds zeros where the stride is larger
    shown.slide("Kernel side", 3)
    shown.slide("Stride", 2)
    shown.choose("constant")
    shown.choose("equal")
    assert sorted(shown.values["period"]) == [1, 2, 2, 4]
    before = shown.values["at"]
    marker = slider_of(shown, "Place of the output")
    shown.drag(marker, 60, -45)
    column, row = shown.values["at"]
    assert column > before[0]
    assert row < before[1]
    marker.press("ArrowLeft")
    after = shown.values
    assert after["at"] == [column - 1, row]
    for at, chosen in zip(after["at"], (after["columns"], after["rows"]), strict=True):
        assert chosen == [i for i in range(8) if 0 <= at - 2 * i < 3]
    shown.slide("Kernel side", 4)
    assert shown.values["size"] == 18
    assert set(shown.values["period"]) == {4}
    assert "no checkerboard" in shown.words


def small_network(weights, x):
    """The output of the network that the graph draws."""
    hidden = np.maximum(np.array(weights[:2]) * x, 0)
    return 1 / (1 + np.exp(-hidden @ np.array(weights[2:])))


def test_the_graph_has_the_gradients_of_its_network(show):
    shown = show(graph())
    for text, x, dx in (("w₁", 0.6, 25), ("w₄", 0.35, 60), ("w₂", 0.8, -90)):
        shown.choose(text)
        shown.slide("Input x", x)
        shown.slide("Truth y", 0.25)
        before = shown.values["weights"]
        shown.drag(slider_of(shown, "Chosen weight"), dx, 0)
        values = shown.values
        w = values["weights"]
        own = np.array(["w₁", "w₂", "w₃", "w₄"]) == text
        np.testing.assert_array_equal(np.array(w) != before, own)

        def loss(w, x):
            return (small_network(w, x) - 0.25) ** 2

        assert values["loss"] == pytest.approx(loss(w, x))
        slopes = [(loss(w + e, x) - loss(w - e, x)) / 2e-6 for e in 1e-6 * np.eye(4)]
        np.testing.assert_allclose(values["byWeights"], slopes, atol=1e-8)
        along_x = (loss(w, x + 1e-6) - loss(w, x - 1e-6)) / 2e-6
        assert values["byInput"] == pytest.approx(along_x, abs=1e-8)
        nudged = w + 0.1 * own
        assert values["change"] == pytest.approx(loss(nudged, x) - loss(w, x))
    assert w[1] < 0
    assert "h₂ is off" in shown.words
    assert values["byWeights"][1] == values["byWeights"][3] == 0
    shown.tab.get_by_role("button", name="Downhill").click()
    after = shown.values
    np.testing.assert_allclose(after["weights"], np.array(w) - 2 * np.array(values["byWeights"]))
    assert after["loss"] < values["loss"]
    shown.tab.get_by_role("button", name="Reset").click()
    assert shown.values["weights"] == [1.5, 0.8, 1.2, -0.9]


def keras_walks(optimizer, bowl, start, steps):
    """The points of an optimiser of Keras on the quadratic of `bowl`."""
    a, b, c = bowl
    variable = keras.Variable(np.array(start), dtype="float64")
    points = [np.array(start)]
    for _ in range(steps):
        gradient = np.array([[a, b], [b, c]]) @ points[-1]
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float64")], [variable])
        points.append(keras.ops.convert_to_numpy(variable.value).copy())
    return np.array(points)


def test_the_optimisers_of_the_valley_walk_as_those_of_keras(show):
    shown = show(valley())
    before = shown.values["start"]
    shown.drag(slider_of(shown, "Start"), 90, -60)
    assert shown.values["start"][0] > before[0]
    assert shown.values["start"][1] > before[1]
    slider_of(shown, "Start").press("ArrowLeft")
    shown.slide("η: GD, momentum", -0.3)
    shown.slide("η: adaptive rules", -0.8)
    shown.slide("Momentum β", 0.8)
    shown.slide("Turned by", 25)
    values = shown.values
    a, b, c = values["bowl"]
    np.testing.assert_allclose(np.linalg.eigvalsh([[a, b], [b, c]]), [0.01, 1], rtol=1e-9)
    along = np.cos(np.radians(25)), np.sin(np.radians(25))
    np.testing.assert_allclose(np.array([[a, b], [b, c]]) @ along, np.array(along) / 100)
    optimizers = keras.optimizers
    expected = {
        "descent": optimizers.SGD(values["rate"]),
        "momentum": optimizers.SGD(values["rate"], momentum=values["momentum"]),
        "rmsprop": optimizers.RMSprop(values["length"]),
        "adam": optimizers.Adam(values["length"]),
        "nadam": optimizers.Nadam(values["length"]),
        "nesterov": optimizers.SGD(values["rate"], momentum=values["momentum"], nesterov=True),
        "adagrad": optimizers.Adagrad(values["length"], initial_accumulator_value=0),
    }
    assert expected.keys() == values["paths"].keys()
    for name, optimizer in expected.items():
        theirs = keras_walks(optimizer, values["bowl"], values["start"], 50)
        np.testing.assert_allclose(values["paths"][name][:51], theirs, atol=1e-5, err_msg=name)
    losses = [p @ [[a, b], [b, c]] @ p / 2 for p in map(np.array, values["paths"]["adam"])]
    np.testing.assert_allclose(values["losses"][3], losses, rtol=1e-6)
    momenta = (0, values["momentum"], values["momentum"])
    for row, momentum, ahead in zip(values["eigen"], momenta, (0, 0, 1), strict=True):
        for share, curvature in zip(row, (0.01, 1), strict=True):
            own = 1 - values["rate"] * curvature
            sides = (own * (1 + momentum), own * momentum) if ahead else (own + momentum, momentum)
            step = [[sides[0], -sides[1]], [1, 0]]
            assert share == pytest.approx(np.abs(np.linalg.eigvals(step)).max(), rel=1e-6)
    ways = []
    shown.slide("Turned by", 0)
    for condition in (1, 3):  # along an axis the length of the valley is nothing to Adam
        shown.slide("Condition κ", condition)
        ways.append(shown.values["paths"])
    np.testing.assert_allclose(ways[0]["adam"], ways[1]["adam"], atol=0.01)
    assert not np.allclose(ways[0]["descent"], ways[1]["descent"], atol=0.1)
    shown.slide("η: GD, momentum", 0.5)
    assert shown.values["eigen"][0][1] > 1
    assert "gradient descent runs away" in shown.words


def test_only_who_races_is_seen(show):
    shown = show(valley())
    names = "[...document.querySelectorAll('.stage svg text')].filter((x) => x.checkVisibility())"
    seen_key = "(x) => x.checkVisibility({visibilityProperty: true})"
    keys = f"[...document.querySelectorAll('.key')].filter({seen_key})"
    for race, who in {
        "gathering speed": {"GD", "momentum", "Nesterov"},
        "a rate for each": {"AdaGrad", "RMSProp", "Adam"},
        "the paper's five": {"GD", "momentum", "RMSProp", "Adam", "Nadam"},
    }.items():
        shown.choose(race)
        assert shown.values
        seen = shown.tab.evaluate(f"{names}.map((x) => x.textContent)")
        everyone = {"GD", "momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "Nadam"}
        assert everyone & set(seen) == who
        (told,) = shown.tab.evaluate(f"{keys}.map((x) => x.textContent)")
        assert all(name in told for name in who)
        assert ("In the long run" in shown.words) == (race != "a rate for each")
        assert ("Nesterov" in shown.words) == (race == "gathering speed")


def test_the_valley_is_played_and_paused(show):
    shown = show(valley())
    before = shown.values["step"]
    shown.tab.get_by_role("button", name="Play").click()
    wait = "([step]) => document.querySelector('[data-live]').values.step > step + 3"
    shown.tab.wait_for_function(wait, arg=[before])
    shown.tab.get_by_role("button", name="Pause").click()
    at = shown.values["step"]
    shown.tab.wait_for_timeout(200)
    assert shown.values["step"] == at


def test_a_schedule_is_drawn_and_the_walk_answers(show):
    shown = show(schedule())
    curvatures, noise = np.array([1.0, 0.1]), normals(600, seed=7).reshape(-1, 2)

    def walks(rates, start, sigma):
        place, places = np.array(start), [start]
        square, losses = np.square(start), [np.sum(curvatures * np.square(start)) / 2]
        for rate, xi in zip(rates, noise, strict=True):
            place = place - rate * (curvatures * place + sigma * xi)
            square = (1 - rate * curvatures) ** 2 * square + (rate * sigma) ** 2
            places.append(place)
            losses.append(np.sum(curvatures * square) / 2)
        return np.array(places), losses

    def agrees():
        values = shown.values
        rates = np.array(values["rates"])
        places, losses = walks(rates, values["start"], values["sigma"])
        np.testing.assert_allclose(values["places"], places, atol=1e-6)
        np.testing.assert_allclose(values["losses"], losses, rtol=1e-6)
        bound = rates[:, None] * values["sigma"] ** 2 / (2 * (2 - rates[:, None] * curvatures))
        np.testing.assert_allclose(values["floors"], bound.sum(axis=1), rtol=1e-6)
        return values

    rates = np.array(agrees()["rates"])
    np.testing.assert_allclose(rates[[0, 119, 120, -1]] / rates[0], [1, 1, 0.1, 0.1])
    shown.choose("cosine")
    cosine = keras.optimizers.schedules.CosineDecay(rates[0], 300)
    expected = [float(cosine(t)) for t in range(300)]
    np.testing.assert_allclose(agrees()["rates"], expected, atol=1e-6)
    shown.choose("plateau")
    values = agrees()
    losses = (np.square(values["places"][1:]) * curvatures).sum(axis=1) / 2
    rate, best, waited = rates[0], np.inf, 0
    for epoch, watched in enumerate(losses.reshape(-1, 10).mean(axis=1)):
        assert values["rates"][10 * epoch] == pytest.approx(rate)
        waited = 0 if watched < best else waited + 1
        best = min(best, watched)
        if waited == 5:
            rate, waited = rate * np.sqrt(0.1), 0
    assert rate < rates[0]
    shown.choose("constant")
    shown.slide("Noise σ", 1.5)  # noqa: RUF001
    np.testing.assert_allclose(agrees()["rates"], rates[0])
    knot = slider_of(shown, "Learning rate at step 180")
    shown.drag(knot, 0, 40)
    assert shown.tab.get_by_label("by hand").is_checked()
    values = agrees()
    points = np.array(values["points"])
    assert points[3] < points[2]
    drawn = 10 ** np.interp(np.arange(300), 60 * np.arange(6), points)
    np.testing.assert_allclose(values["rates"], drawn, rtol=1e-6)
    knot.press("ArrowUp")
    assert shown.values["points"][3] > points[3]
    shown.drag(slider_of(shown, "Start of the walk"), 40, 30)
    assert agrees()["start"][0] > values["start"][0]


SLOPES = {
    "ReLU": (lambda a: np.maximum(a, 0), lambda a: 1.0 * (a > 0)),
    "leaky ReLU": (lambda a: np.where(a > 0, a, 0.2 * a), lambda a: np.where(a > 0, 1, 0.2)),
    "tanh": (np.tanh, lambda a: 1 / np.cosh(a) ** 2),
    "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), lambda a: 1 / (2 + 2 * np.cosh(a))),
}


@pytest.mark.parametrize("activation", SLOPES)
def test_a_signal_goes_forward_and_its_gradient_back_as_in_numpy(show, activation):
    shown = show(signal())
    shown.choose(activation)
    shown.slide("Spread of the weights", 1.41)
    bend, slope = SLOPES[activation]
    w = 1.41 / 8 * normals(20 * 64 * 64, seed=5).reshape(20, 64, 64)
    h, sums = normals(16 * 64, seed=6).reshape(16, 64), []
    for layer in w:
        sums.append(h @ layer)
        h = bend(sums[-1])
    gradient, back = normals(16 * 64, seed=7).reshape(16, 64), []
    for layer, a in zip(reversed(w), reversed(sums), strict=True):
        back.insert(0, gradient * slope(a))
        gradient = back[0] @ layer.T
    sizes = lambda found: [np.sqrt(np.mean(a**2)) for a in found]  # noqa: E731
    values = shown.values
    assert values["forward"] == pytest.approx(sizes(sums))
    assert values["back"] == pytest.approx(sizes(back))
    assert activation in shown.words


def test_a_batch_is_normalised_as_by_keras_and_its_averages_lag(show):
    shown = show(norm())
    stream = 2.5 + 0.7 * normals(600 * 32, seed=3)
    shown.choose("0.9")
    shown.slide("Batch size", 16)
    shown.slide("Data shift", 0.5)
    before = shown.values
    shown.drag(slider_of(shown, "Steps trained"), -40, 0)
    values = shown.values
    assert values["step"] < before["step"]
    slider_of(shown, "Steps trained").press("ArrowRight")
    assert shown.values["step"] > values["step"]
    value = slider_of(shown, "One value of the batch")
    shown.drag(value, 60, 0)
    values = shown.values
    assert values["values"][0] > before["values"][0]
    assert values["values"][1:] == before["values"][1:]
    # in training the others move as well; at inference they do not, apart from the steps
    assert np.all(np.array(values["byBatch"][1:]) < before["byBatch"][1:])
    layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3, dtype="float64")
    layer.build((None, 1))
    for t in range(values["step"]):
        layer(stream[16 * t : 16 * (t + 1), None], training=True)
    averages = float(layer.moving_mean.numpy()[0]), float(layer.moving_variance.numpy()[0])
    np.testing.assert_allclose(values["averages"], averages, atol=1e-6)
    batch = np.array(values["values"])[:, None]
    others = 3.0 + 0.7 * normals(32, seed=4)[1:16]
    np.testing.assert_allclose(batch[1:, 0], others, atol=1e-9)
    for name, training in (("byAverages", False), ("byBatch", True)):
        expected = keras.ops.convert_to_numpy(layer(batch, training=training))[:, 0]
        np.testing.assert_allclose(values[name], expected, atol=1e-5)


def test_a_channel_is_normalised_as_by_keras_whatever_its_kernel_and_bias(show):
    shown = show(channel())
    values = 4 * MAPS.astype(float) / 255 - 3
    before = shown.values
    shown.slide("Stretch \N{GREEK SMALL LETTER ALPHA}", 1)
    shown.slide("More bias b", -1.5)
    raw = 2 * values - 1.5
    left, right = shown.values["left"], shown.values["right"]
    expected = {"mean": raw.mean(), "deviation": raw.std(), "passes": (raw > 0).mean()}
    assert left == pytest.approx(expected)
    assert right == pytest.approx(before["right"], abs=1e-3)
    shown.drag(slider_of(shown, "Mean of the channel"), 30, 0)
    assert shown.values["bias"] > -1.5
    assert shown.values["right"] == pytest.approx(right)
    shown.slide("Stretch \N{GREEK SMALL LETTER ALPHA}", -4)
    shown.slide("Scale \N{GREEK SMALL LETTER GAMMA}", 0.5)
    shown.slide("Shift β", 0.4)
    layer = keras.layers.BatchNormalization(epsilon=1e-3, dtype="float64")
    layer.build((None, 1))
    layer.set_weights(np.array([[0.5], [0.4], [0.0], [1.0]]))
    given = values.reshape(-1, 1) / 16 + shown.values["bias"]
    out = keras.ops.convert_to_numpy(layer(given, training=True))
    expected = {"mean": out.mean(), "deviation": out.std(), "passes": (out > 0).mean()}
    assert shown.values["right"] == pytest.approx(expected, abs=1e-6)
    assert expected["deviation"] < 0.5 * 0.99
    assert "of the numbers pass" in shown.words


def test_the_answers_of_lasso_and_ridge_minimise_what_they_say(show):
    shown = show(shrinkage())
    assert shown.values["weights"][1] == 0
    assert "second weight is exactly zero" in shown.words
    own = slider_of(shown, "Minimum of the loss")
    before = shown.values["best"]
    shown.drag(own, -30, -50)
    best = shown.values["best"]
    assert best[0] < before[0]
    assert best[1] > before[1]
    own.press("ArrowRight")
    shown.slide("Correlation", -0.6)
    values = shown.values
    hessian = np.array([[1, -0.6], [-0.6, 1]])
    for strength, w in zip(values["strengths"], values["answers"], strict=True):
        gradient = hessian @ (np.array(w) - values["best"])
        for each, slope in zip(w, gradient, strict=True):
            if each:
                assert slope == pytest.approx(-strength * np.sign(each), abs=1e-9)
            else:
                assert abs(slope) <= strength + 1e-9
    shown.drag(slider_of(shown, "Strength"), -30, 0)
    assert shown.values["strength"] < values["strength"]
    shown.choose("ridge")
    values = shown.values
    strengths = np.array(values["strengths"])[:, None, None]
    expected = np.linalg.solve(
        hessian + 2 * strengths * np.eye(2), np.tile(hessian @ values["best"], (121, 1))[..., None]
    )
    np.testing.assert_allclose(values["answers"], expected[..., 0], atol=1e-9)
    assert "no corners" in shown.words


def test_the_mean_of_all_masks_and_the_network_without_one(show):
    shown = show(masks())
    assert "leaving the mask out is not the mean" in shown.words
    ends = {
        "linear": lambda a: a,
        "ReLU": lambda a: np.maximum(a, 0),
        "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    }
    shown.drag(slider_of(shown, "Input x"), 60, 0)
    assert shown.values["at"] > -1
    for name, end in ends.items():
        for rate in (0.2, 0.5):
            shown.choose(name)
            shown.slide("Dropout rate p", rate)
            values = shown.values
            hidden = (
                np.maximum(np.array(NETWORK["into"]) * values["at"] + NETWORK["bias"], 0)
                * NETWORK["out"]
            )
            kept = np.array(list(itertools.product((0, 1), repeat=4)))
            chance = np.prod(np.where(kept, 1 - rate, rate), axis=1)
            outputs = end(kept @ hidden / (1 - rate) + NETWORK["shift"])
            assert values["mean"] == pytest.approx(chance @ outputs)
            assert values["whole"] == pytest.approx(end(hidden.sum() + NETWORK["shift"]))
            np.testing.assert_allclose(sorted(values["outputs"]), sorted(outputs))
            if name == "linear":
                assert values["mean"] == pytest.approx(values["whole"])
    unit = shown.tab.get_by_role("switch", name="Hidden unit 2")
    assert unit.get_attribute("aria-checked") == "false"
    unit.click()
    assert shown.values["mask"] == [1, 1, 1, 1]
    assert unit.get_attribute("aria-checked") == "true"
    unit.press("Enter")
    assert shown.values["mask"] == [1, 0, 1, 1]
