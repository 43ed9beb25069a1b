"""Every metric against an independent reference: scikit-image, Keras, or a number by hand."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2hsv, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from colorizer import baselines, metrics
from colorizer.backend import keras
from colorizer.data import CLASSES, normalize, to_gray
from colorizer.errors import InputError
from colorizer.models import KeepLuminance

PAIRED = [
    metrics.mse,
    metrics.mae,
    metrics.psnr,
    metrics.ssim,
    metrics.ciede2000,
    metrics.l_rmse,
    metrics.ab_rmse,
    metrics.luminance_mse,
    metrics.chroma_mse,
    metrics.colorfulness_ratio,
    metrics.saturation_ratio,
    metrics.contrast_ratio,
    metrics.chroma_slope,
    metrics.mended_mse,
    metrics.detail_mse,
    metrics.channel_argmax_accuracy,
]
each_paired = pytest.mark.parametrize(
    "metric", [*PAIRED, metrics.evaluate], ids=lambda f: f.__name__
)


@pytest.fixture(scope="module")
def images():
    """Two arrays (n, 32, 32, 3), float32; n is more than a chunk, and no multiple of it."""
    random = np.random.default_rng(0)
    n = metrics.CHUNK + 7
    truth = random.random((n, 32, 32, 3)) * random.random((n, 1, 1, 3))
    noise = random.normal(0, 0.1, truth.shape) * random.random((n, 1, 1, 1))
    return np.clip(truth + noise, 0, 1).astype(np.float32), truth.astype(np.float32)


def one_pixel(prediction, truth):
    """Metrics of a pixel are those of an image in which every pixel is the same."""
    return [np.tile(np.float64(colour), (2, 8, 8, 1)) for colour in (prediction, truth)]


def test_mse_and_mae_are_those_of_float64(images):
    error = np.subtract(*images, dtype=np.float64)
    assert metrics.mse(*images) == pytest.approx((error**2).mean(), rel=1e-12)
    assert metrics.mae(*images) == pytest.approx(abs(error).mean(), rel=1e-12)


def test_psnr_is_scikit_image_image_by_image(images):
    scores = [peak_signal_noise_ratio(t, p, data_range=1) for p, t in zip(*images, strict=True)]
    assert metrics.psnr(*images) == pytest.approx(np.mean(scores), rel=1e-6)


def test_psnr_of_a_perfect_image_is_100_db():
    prediction, truth = np.full((2, 2, 8, 8, 3), 0.5)
    prediction[0] = 0.6
    assert metrics.psnr(prediction, truth) == pytest.approx((20 + 100) / 2)


def test_ssim_is_scikit_image_image_by_image(images):
    scores = [
        structural_similarity(p.astype(float), t.astype(float), channel_axis=-1, data_range=1)
        for p, t in zip(*images, strict=True)
    ]
    assert metrics.ssim(*images) == pytest.approx(np.mean(scores), rel=1e-9)


def test_ssim_of_images_that_are_not_square(images):
    prediction, truth = (a[:5, :7, :19] for a in images)
    scores = [
        structural_similarity(p.astype(float), t.astype(float), channel_axis=-1, data_range=1)
        for p, t in zip(prediction, truth, strict=True)
    ]
    assert metrics.ssim(prediction, truth) == pytest.approx(np.mean(scores), rel=1e-9)


def test_lab_metrics_are_scikit_image(images):
    lab = [rgb2lab(a.astype(float)) for a in images]
    error = lab[0] - lab[1]
    assert metrics.ciede2000(*images) == pytest.approx(deltaE_ciede2000(*lab).mean(), rel=1e-9)
    assert metrics.l_rmse(*images) == pytest.approx(error[..., 0].std(mean=0), rel=1e-9)
    assert metrics.ab_rmse(*images) == pytest.approx(error[..., 1:].std(mean=0), rel=1e-9)


def test_ab_rmse_by_hand():
    """Red has a = 80.09, b = 67.20 (Lindbloom, D65); black has neither."""
    prediction, truth = one_pixel([0, 0, 0], [1, 0, 0])
    expected = np.sqrt((80.09**2 + 67.20**2) / 2)
    assert metrics.ab_rmse(prediction, truth) == pytest.approx(expected, abs=0.02)
    assert metrics.l_rmse(prediction, truth) == pytest.approx(53.24, abs=0.02)


def test_luminance_and_chroma_add_up_to_the_mse(images):
    parts = metrics.luminance_mse(*images), metrics.chroma_mse(*images)
    assert sum(parts) == pytest.approx(metrics.mse(*images), rel=1e-12)
    assert min(parts) > 0


def test_an_error_along_the_gray_weights_is_all_luminance():
    w = np.array([0.299, 0.587, 0.114])
    pair = one_pixel(w, [0, 0, 0])
    assert metrics.luminance_mse(*pair) == pytest.approx(w @ w / 3)
    assert metrics.chroma_mse(*pair) == pytest.approx(0, abs=1e-30)


def test_an_error_that_leaves_the_gray_value_alone_is_all_chroma():
    e = np.array([0.587, -0.299, 0])  # .299 e_R + .587 e_G = 0
    pair = one_pixel(0.5 + e / 2, [0.5, 0.5, 0.5])
    assert metrics.luminance_mse(*pair) == pytest.approx(0, abs=1e-30)
    assert metrics.chroma_mse(*pair) == pytest.approx(e @ e / 12)


def test_colorfulness_by_hand():
    """Half of the image is red, half is blue: rg = 255, 0 and yb = 127.5, -255."""
    rgb = np.zeros((1, 8, 8, 3))
    rgb[:, :4, :, 0] = 1
    rgb[:, 4:, :, 2] = 1
    variance = 127.5**2 + 191.25**2
    squared_mean = 127.5**2 + 63.75**2
    expected = np.sqrt(variance) + 0.3 * np.sqrt(squared_mean)
    assert metrics.colorfulness(rgb) == pytest.approx(expected)


def test_colorfulness_is_the_mean_over_images(images):
    alone = [metrics.colorfulness(image[np.newaxis]) for image in images[1]]
    assert metrics.colorfulness(images[1]) == pytest.approx(np.mean(alone), rel=1e-12)


def test_a_gray_image_has_no_colorfulness(images):
    gray = np.repeat(images[0][..., :1], 3, axis=-1)
    assert metrics.colorfulness(gray) == 0
    assert metrics.colorfulness_ratio(gray, images[1]) == 0


def test_colorfulness_ratio(images):
    _, truth = images
    assert metrics.colorfulness_ratio(truth / 2, truth) == pytest.approx(0.5)


@pytest.mark.parametrize("metric", [metrics.colorfulness_ratio, metrics.evaluate])
def test_a_gray_truth_has_no_colorfulness_ratio(metric, images):
    gray = np.repeat(images[1][:2, ..., :1], 3, axis=-1)
    with pytest.raises(InputError, match="no colorfulness ratio"):
        metric(images[0][:2], gray)


def test_contrast_is_the_spread_of_the_luminance_within_an_image(images):
    w = np.array([0.299, 0.587, 0.114])
    spreads = [(image.reshape(-1, 3).astype(float) @ w).std() for image in images[1]]
    contrast = metrics.contrast(images[1])
    assert contrast.shape == (len(images[1]),)
    assert contrast == pytest.approx(np.array(spreads), rel=1e-9)
    chess = np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((2, 2)))[None, ..., None]
    assert metrics.contrast(np.repeat(chess, 3, axis=-1)) == pytest.approx([0.5])


def test_contrast_ratio(images):
    _, truth = images
    assert metrics.contrast_ratio(0.3 + truth / 2, truth) == pytest.approx(0.5)
    expected = metrics.contrast(images[0]).mean() / metrics.contrast(truth).mean()
    assert metrics.contrast_ratio(*images) == pytest.approx(expected, rel=1e-12)


def test_a_truth_of_one_luminance_has_no_contrast_ratio(images):
    flat = np.broadcast_to([0.1, 0.7, 0.3], (2, 32, 32, 3))
    for metric in (metrics.contrast_ratio, metrics.evaluate):
        with pytest.raises(InputError, match="no contrast ratio"):
            metric(images[0][:2], flat)


def test_saturation_is_that_of_hsv(images):
    some = images[1][:50].copy()
    some[0, :4] = 0  # black has none
    saturation = metrics.saturation(some)
    assert saturation.dtype == some.dtype
    np.testing.assert_allclose(saturation, rgb2hsv(some)[..., 1], atol=1e-6)
    expected = rgb2hsv(images[0][:50])[..., 1].mean() / rgb2hsv(some)[..., 1].mean()
    assert metrics.saturation_ratio(images[0][:50], some) == pytest.approx(expected, rel=1e-6)


def test_a_gray_truth_has_no_saturation_ratio(images):
    gray = np.repeat(images[1][:2, ..., :1], 3, axis=-1)
    with pytest.raises(InputError, match="no saturation ratio"):
        metrics.saturation_ratio(images[0][:2], gray)


def test_chroma_slope_is_a_regression_of_the_truth_on_the_prediction(images):
    w = np.array([0.299, 0.587, 0.114])
    predicted, true = (x - np.einsum("nhwc,c->nhw", x, w)[..., None] for x in images)
    (slope,) = np.linalg.lstsq(predicted.reshape(-1, 1), true.ravel())[0]
    assert metrics.chroma_slope(*images) == pytest.approx(slope, rel=1e-5)


def test_chroma_slope_undoes_a_pale_prediction(images):
    truth = images[1].astype(float)
    gray = truth @ np.array([[0.299], [0.587], [0.114]])
    assert metrics.chroma_slope(gray + 0.4 * (truth - gray), truth) == pytest.approx(2.5)


def test_a_prediction_without_chroma_has_the_slope_0(images):
    gray = np.repeat(images[0][..., 1:2], 3, axis=-1)
    assert metrics.chroma_slope(gray, images[1]) == 0


def test_mended_mse_is_that_of_the_layer_that_keeps_luminance():
    random = np.random.default_rng(1)
    rgb = random.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    prediction = random.random(rgb.shape, dtype=np.float32)
    y = prediction @ np.float32([[0.299], [0.587], [0.114]])
    mended = KeepLuminance()(normalize(to_gray(rgb)), (prediction - y)[..., [0, 2]])
    expected = np.mean((np.float64(mended) - normalize(rgb)) ** 2)
    assert metrics.mended_mse(prediction, normalize(rgb)) == pytest.approx(expected, rel=1e-5)


def test_mending_leaves_only_the_rounding_of_a_perfect_prediction(images):
    error = metrics.mended_mse(images[1], images[1])
    assert 0 < error < (1 / 255) ** 2


def test_detail_and_the_error_at_half_the_size_add_up_to_the_mse(images):
    halves = [x.reshape(len(x), 16, 2, 16, 2, 3).astype(float).mean(axis=(2, 4)) for x in images]
    expected = metrics.mse(*images) - metrics.mse(*halves)
    assert metrics.detail_mse(*images) == pytest.approx(expected, rel=1e-9)
    odd = [x[:3, :9, :15] for x in images]
    even = [x[:3, :8, :14] for x in images]
    assert metrics.detail_mse(*odd) == metrics.detail_mse(*even)


def test_sepia_is_near_brown_and_grays_do_not_count():
    sepia, blue = (np.full((1, 8, 8, 3), c) / 255 for c in ((112, 66, 20), (20, 66, 112)))
    assert metrics.sepia_share(sepia) == 1
    assert metrics.sepia_share(blue) == 0
    lab = rgb2lab(sepia)[0, 0, 0]
    assert np.degrees(np.arctan2(lab[2], lab[1])) == pytest.approx(metrics.SEPIA_HUE, abs=0.5)
    chroma = [np.hypot(*rgb2lab(x)[0, 0, 0, 1:]) for x in (sepia, blue)]
    both = np.concatenate([sepia, blue])
    assert metrics.sepia_share(both) == pytest.approx(chroma[0] / sum(chroma))
    gray = np.full((1, 8, 8, 3), 0.5)
    mixed = np.concatenate([sepia, gray])
    assert metrics.sepia_share(mixed) == pytest.approx(1, abs=1e-4)


def test_channel_argmax_accuracy_is_what_keras_calls_accuracy(images):
    prediction, truth = images
    reference = keras.metrics.CategoricalAccuracy()
    reference.update_state(truth, prediction)
    expected = float(reference.result())
    assert metrics.channel_argmax_accuracy(prediction, truth) == pytest.approx(expected, rel=1e-6)


def test_of_equal_channels_the_first_counts():
    gray, red = one_pixel([0.5, 0.5, 0.5], [1, 0, 0])
    _, green = one_pixel([0, 0, 0], [0, 1, 0])
    assert metrics.channel_argmax_accuracy(gray, red) == 1
    assert metrics.channel_argmax_accuracy(gray, green) == 0


def test_epsilon_accuracy_is_what_nazeri_defines(images):
    prediction, truth = images[1][:40] * 0.93, images[1][:40]
    lab = [np.round(rgb2lab(x.astype(np.float64))) for x in (prediction, truth)]
    for epsilon in (2, 5):
        difference = np.abs(lab[0] - lab[1])
        right = difference[..., 0] <= epsilon
        for channel in (1, 2):
            right &= 10 * difference[..., channel] <= 22 * epsilon  # in whole numbers
        found = metrics.epsilon_accuracy(prediction, truth, epsilon)
        assert found == pytest.approx(right.mean(), abs=1e-12)
        assert 0.05 < found < 1
    with pytest.raises(InputError):
        metrics.epsilon_accuracy(prediction, truth[:3], 2)


def test_epsilon_accuracy_of_a_gray_copy_on_the_real_test_images(cifar10):
    truth = normalize(cifar10.test.rgb)
    copy = baselines.gray_copy(normalize(to_gray(cifar10.test.rgb)))
    assert metrics.epsilon_accuracy(copy, truth, 2) == pytest.approx(0.264, abs=0.001)
    assert metrics.epsilon_accuracy(copy, truth, 5) == pytest.approx(0.558, abs=0.001)


def test_evaluate_is_every_metric_by_its_name(images):
    expected = {f.__name__: f(*images) for f in PAIRED}
    expected["colorfulness"] = metrics.colorfulness(images[0])
    assert metrics.evaluate(*images) == pytest.approx(expected, rel=1e-12)
    assert {type(value) for value in metrics.evaluate(*images).values()} == {float}


def test_evaluate_with_labels_has_the_mse_of_each_class(images):
    labels = np.random.default_rng(2).integers(0, 10, len(images[1])).astype(np.uint8)
    scores = metrics.evaluate(*images, labels)
    assert list(scores) == list(metrics.METRICS)
    for number, name in enumerate(CLASSES):
        alone = metrics.mse(*(x[labels == number] for x in images))
        assert scores[f"mse_{name}"] == pytest.approx(alone, rel=1e-12)
    few = metrics.evaluate(images[0][:9], images[1][:9], np.full(9, 3))
    assert [name for name in few if name.startswith("mse_")] == ["mse_cat"]


@pytest.mark.parametrize("labels", [np.zeros(8, int), np.zeros((9, 1), int), np.zeros(9), [10] * 9])
def test_labels_that_do_not_fit(labels, images):
    with pytest.raises(InputError, match=r"[Ll]abels"):
        metrics.evaluate(images[0][:9], images[1][:9], labels)


def test_the_registry_knows_each_metric_by_its_name():
    assert all(metric.name == name for name, metric in metrics.METRICS.items())
    assert {metric.better for metric in metrics.METRICS.values()} == {"low", "high", "1"}
    labels = [metric.label for metric in metrics.METRICS.values()]
    assert len(set(labels)) == len(labels)


def test_the_number_of_threads_changes_no_bit(images, monkeypatch):
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(metrics, "THREADS", threads)
        found.append(metrics.evaluate(*images))
    assert found[0] == found[1]


def test_the_truth_itself_is_perfect(images):
    scores = metrics.evaluate(images[1], images[1])
    ones = {name for name, metric in metrics.METRICS.items() if metric.better == "1"}
    ones |= {"ssim", "channel_argmax_accuracy"}
    own = {"psnr": 100, "colorfulness": metrics.colorfulness(images[1])}
    own["mended_mse"] = metrics.mended_mse(images[1], images[1])  # of the rounded gray
    expected = {name: own.get(name, float(name in ones)) for name in scores}
    assert scores == pytest.approx(expected, abs=1e-12)


@each_paired
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((32, 32, 3)), r"must be \(n, h, w, 3\)"),
        (np.zeros((2, 32, 32, 1)), r"must be \(n, h, w, 3\)"),
        (np.zeros((0, 32, 32, 3)), "no pixels"),
        (np.zeros((2, 32, 32, 3), np.uint8), "floating point"),
        (np.full((2, 32, 32, 3), np.nan), "not finite"),
        (np.full((2, 32, 32, 3), np.inf), "not finite"),
        (np.full((2, 32, 32, 3), -0.1), "reaches from -0.1"),
        (np.full((2, 32, 32, 3), 1.1), "to 1.1"),
    ],
)
def test_bad_images(metric, bad, message, images):
    truth = images[1][:2]
    with pytest.raises(InputError, match=f"prediction .*{message}"):
        metric(bad, truth)
    with pytest.raises(InputError, match=f"truth .*{message}"):
        metric(truth, bad)


@each_paired
def test_arrays_of_different_shape(metric, images):
    with pytest.raises(InputError, match="but the truth"):
        metric(images[0][:3], images[1][:2])


@pytest.mark.parametrize(
    "metric",
    [metrics.colorfulness, metrics.contrast, metrics.saturation, metrics.sepia_share],
)
def test_bad_images_of_a_metric_without_a_truth(metric):
    with pytest.raises(InputError, match="floating point"):
        metric(np.zeros((2, 32, 32, 3), np.uint8))


@pytest.mark.parametrize("metric", [metrics.ssim, metrics.evaluate])
def test_images_too_small_for_ssim(metric, images):
    with pytest.raises(InputError, match="7x7 pixels, not 6x32"):
        metric(images[0][:2, :6], images[1][:2, :6])
