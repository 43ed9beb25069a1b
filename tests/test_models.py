"""The models: the paper's against its Tables I to III, row by row; the later ones' promises."""

import numpy as np
import pytest

from colorizer.backend import keras
from colorizer.color import GRAY_WEIGHTS
from colorizer.errors import InputError
from colorizer.models import (
    SKIPS,
    KeepLuminance,
    Regularization,
    autoencoder,
    chroma_autoencoder,
    decoder,
    encoder,
    unet,
)

# Name, output shape, number of parameters: as printed, with Flatten as "flatten_1" has it. The
# paper heads the middle column "Input Shape"; these are output shapes.
TABLE_I = [
    ("encoder_input", (None, 32, 32, 1), 0),
    ("conv2d_1", (None, 16, 16, 64), 640),
    ("dropout", (None, 16, 16, 64), 0),
    ("conv2d_2", (None, 8, 8, 128), 73856),
    ("dropout_1", (None, 8, 8, 128), 0),
    ("conv2d_3", (None, 4, 4, 256), 295168),
    ("dropout_2", (None, 4, 4, 256), 0),
    ("flatten_1", (None, 4096), 0),
    ("latent_vector", (None, 256), 1048832),
]
TABLE_II = [
    ("decoder_input", (None, 256), 0),
    ("dense_1", (None, 4096), 1052672),
    ("reshape_1", (None, 4, 4, 256), 0),
    ("conv2d_transpose_1", (None, 8, 8, 256), 590080),
    ("dropout_3", (None, 8, 8, 256), 0),
    ("conv2d_transpose_2", (None, 16, 16, 128), 295040),
    ("dropout_4", (None, 16, 16, 128), 0),
    ("conv2d_transpose_3", (None, 32, 32, 64), 73792),
    ("dropout_5", (None, 32, 32, 64), 0),
    ("decoder_output", (None, 32, 32, 3), 1731),
]
TABLE_III = [
    ("encoder_input", (None, 32, 32, 1), 0),  # the paper prints (None, 256) here, an erratum
    ("encoder_model", (None, 256), 1418496),
    ("decoder_model", (None, 32, 32, 3), 2013315),
]


def rows(model):
    return [(layer.name, layer.output.shape, layer.count_params()) for layer in model.layers]


def colours(model, gray):
    """Without `predict`, which first compiles."""
    return keras.ops.convert_to_numpy(model(gray))


def without_dropout(table):
    return [row for row in table if not row[0].startswith("dropout")]


@pytest.mark.parametrize(
    ("build", "table"), [(encoder, TABLE_I), (decoder, TABLE_II), (autoencoder, TABLE_III)]
)
def test_tables(build, table):
    assert rows(build(Regularization(dropout=0.5))) == table
    assert rows(build()) == without_dropout(table)  # the final model has no dropout


def test_parameters():
    assert encoder().count_params() == 1_418_496
    assert decoder().count_params() == 2_013_315
    assert autoencoder().count_params() == 3_431_811


def test_dropout_rate():
    model = encoder(Regularization(dropout=0.3))
    assert {x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)} == {0.3}


def test_batch_norm_stands_between_convolution_and_relu():
    names = [layer.name for layer in decoder(Regularization(dropout=0.5, batch_norm=True)).layers]
    start = names.index("conv2d_transpose_1")
    assert names[start : start + 4] == [
        "conv2d_transpose_1",
        "batch_normalization_3",
        "re_lu_3",
        "dropout_3",
    ]
    linear = decoder(Regularization(batch_norm=True)).get_layer("conv2d_transpose_1")
    assert linear.activation is keras.activations.linear


def test_penalties_are_sums_over_all_kernels():
    model = autoencoder(Regularization(l1=1e-3, l2=1e-2))
    kernels = [w for w in model.trainable_weights if w.name == "kernel"]
    assert len(kernels) == 9
    expected = sum(
        1e-3 * np.abs(k.numpy()).sum() + 1e-2 * np.square(k.numpy()).sum() for k in kernels
    )
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-4)
    assert not autoencoder().losses


def test_output_lies_in_the_unit_interval():
    gray = np.random.default_rng(0).random((4, 32, 32, 1), dtype=np.float32)
    rgb = colours(autoencoder(), gray)
    assert rgb.shape == (4, 32, 32, 3)
    assert rgb.min() > 0
    assert rgb.max() < 1


@pytest.mark.parametrize(
    ("initializer", "deviation"),
    [
        ("he_normal", np.sqrt(2 / (9 * 64))),  # He et al. 2015: 2 over the fan-in
        ("glorot_uniform", np.sqrt(2 / (9 * (64 + 128)))),  # Glorot & Bengio 2010: both fans
    ],
)
def test_initializer(initializer, deviation):
    kernel = encoder(initializer=initializer).get_layer("conv2d_2").kernel.numpy()
    assert kernel.std() == pytest.approx(deviation, rel=0.02)


def test_latent_size():
    assert encoder(latent_size=32).output.shape == (None, 32)
    assert autoencoder(latent_size=32).output.shape == (None, 32, 32, 3)


def test_without_padding_the_sizes_are_not_those_of_the_tables():
    model = encoder(padding="valid")
    sizes = [model.get_layer(f"conv2d_{i}").output.shape[1] for i in (1, 2, 3)]
    assert sizes == [15, 7, 3]
    assert autoencoder(padding="valid").output.shape == (None, 32, 32, 3)
    with pytest.raises(InputError, match="padding is one of same, valid, not 'none'"):
        encoder(padding="none")


@pytest.mark.parametrize(
    "arguments",
    [{"dropout": 1.0}, {"dropout": -0.1}, {"dropout": float("nan")}, {"l1": -1}, {"l2": np.inf}],
)
def test_bad_regularization(arguments):
    with pytest.raises(InputError):
        Regularization(**arguments)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_another_activation_stands_where_relu_stood(activation):
    function = keras.activations.get(activation)
    for part in (encoder, decoder):
        hidden = [x for x in part(activation=activation).layers if x.name.startswith("conv2d")]
        assert [x.activation for x in hidden] == [function] * 3
        normalised = part(Regularization(batch_norm=True), activation=activation)
        kinds = [type(x).__name__ for x in normalised.layers]
        assert kinds.count("Activation") == kinds.count("BatchNormalization") == 3
    assert autoencoder(activation=activation).count_params() == 3_431_811


def test_a_scaled_input_is_as_pixels_that_were_not_divided():
    gray = np.random.default_rng(0).random((2, 32, 32, 1), dtype=np.float32)
    keras.utils.set_random_seed(0)
    divided = autoencoder()
    undivided = autoencoder(input_scale=255.0)
    undivided.set_weights(divided.get_weights())
    expected = colours(divided, 255 * gray)
    np.testing.assert_allclose(colours(undivided, gray), expected, atol=1e-5)
    with pytest.raises(InputError, match="scale of the input is a number above 0, not 0"):
        autoencoder(input_scale=0)


@pytest.mark.parametrize(
    "arguments", [{"latent_size": 0}, {"initializer": "zeros"}, {"activation": "step"}]
)
@pytest.mark.parametrize("build", [encoder, decoder, autoencoder])
def test_bad_model(build, arguments):
    with pytest.raises(InputError):
        build(**arguments)


def test_luminance_is_kept_and_chroma_shortened_only_where_it_must_be():
    random = np.random.default_rng(0)
    gray = np.concatenate(
        [random.random((2, 8, 8, 1)), np.zeros((1, 8, 8, 1)), np.ones((1, 8, 8, 1))]
    )
    chroma = random.normal(scale=0.3, size=(4, 8, 8, 2))
    rgb = keras.ops.convert_to_numpy(KeepLuminance()(np.float32(gray), np.float32(chroma)))
    assert rgb.min() >= 0
    assert rgb.max() <= 1
    np.testing.assert_allclose(rgb @ GRAY_WEIGHTS, gray[..., 0], atol=1e-6)

    green = -(chroma @ GRAY_WEIGHTS[[0, 2]]) / GRAY_WEIGHTS[1]
    wanted = gray + np.stack([chroma[..., 0], green, chroma[..., 1]], axis=-1)
    fits = (wanted.min(axis=-1) > 0) & (wanted.max(axis=-1) < 1)
    assert 0.1 < fits.mean() < 0.9
    np.testing.assert_allclose(rgb[fits], wanted[fits], atol=1e-5)
    shortened = rgb[~fits]  # they end on the border of the gamut, in the same direction
    border = np.minimum(shortened.min(axis=-1), 1 - shortened.max(axis=-1))
    np.testing.assert_allclose(border, 0, atol=1e-5)
    beyond, asked = shortened - gray[~fits], (wanted - gray)[~fits]
    parallel = np.abs(beyond @ [1, 0, 0] * asked[:, 2] - beyond @ [0, 0, 1] * asked[:, 0])
    assert parallel.max() < 1e-5


@pytest.mark.parametrize("build", [chroma_autoencoder, unet])
def test_the_output_has_the_gray_of_the_input(build):
    keras.utils.set_random_seed(0)
    model = build()
    for kernel in model.trainable_weights:
        if not keras.ops.convert_to_numpy(kernel).any():  # that which starts at zero
            kernel.assign(np.random.default_rng(0).normal(scale=0.1, size=kernel.shape))
    gray = np.random.default_rng(0).random((4, 32, 32, 1), dtype=np.float32)
    rgb = colours(model, gray)
    assert np.ptp(rgb, axis=-1).mean() > 0.01
    np.testing.assert_allclose(rgb @ GRAY_WEIGHTS, gray[..., 0], atol=1e-6)


def test_the_chroma_autoencoder_is_the_papers_but_for_its_last_layer():
    ours, theirs = chroma_autoencoder(), autoencoder()
    for part in ("encoder_model", "decoder_model"):
        pairs = zip(ours.get_layer(part).layers, theirs.get_layer(part).layers, strict=True)
        different = [a.name for a, b in pairs if a.count_params() != b.count_params()]
        assert different == (["decoder_output"] if part == "decoder_model" else [])
    assert ours.count_params() == 3_431_234


def test_an_untrained_unet_is_a_gray_copy_of_any_size():
    gray = np.random.default_rng(0).random((1, 24, 40, 1), dtype=np.float32)
    np.testing.assert_array_equal(colours(unet(), gray), np.repeat(gray, 3, axis=-1))
    assert unet().count_params() == 891_234


@pytest.mark.parametrize(("levels", "reach"), [(0, 2), (1, 5), (2, 11), (3, 23)])
def test_a_unet_sees_as_far_as_its_levels(levels, reach):
    """Columns to the right of a pixel where its chroma counts: of 3x3 kernels, and the strides."""
    model = unet(levels)
    for weight in model.trainable_weights:
        if weight.name == "kernel":  # none negative: nothing cancels, and no ReLU is dead
            weight.assign(np.full(weight.shape, 1 / max(weight.shape)))
    black = np.zeros((1, 64, 64, 1), np.float32)
    black[0, 32, 32] = 1
    chroma = keras.Model(model.input, model.get_layer("chroma").output)(black)
    seen = keras.ops.convert_to_numpy(chroma).max(axis=(0, 1, 3))
    # the last column has 0.3 % of the highest; how a processor rounds is far below a tenth of that
    assert np.flatnonzero(seen > 3e-4 * seen.max()).max() - 32 == reach


def test_skip_connections():
    models = {skips: unet(skips=skips) for skips in SKIPS}
    for skips, model in models.items():
        joined = any(layer.name.startswith("skip") for layer in model.layers)
        assert joined == (skips != "none")
    parameters = {skips: model.count_params() for skips, model in models.items()}
    assert parameters["concatenate"] > parameters["add"] == parameters["none"]


def test_a_deeper_unet_has_more_convolutions_at_each_size_but_the_first():
    def convolutions(model):
        return sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers)

    assert convolutions(unet(convolutions=3)) - convolutions(unet()) == 2 * 2 * 3
    gray = np.random.default_rng(0).random((1, 16, 16, 1), dtype=np.float32)
    untrained = colours(unet(skips="add", convolutions=3), gray)
    np.testing.assert_array_equal(untrained, np.repeat(gray, 3, axis=-1))


@pytest.mark.parametrize(
    "arguments", [{"levels": 4}, {"levels": -1}, {"skips": "multiply"}, {"convolutions": 0}]
)
def test_bad_unet(arguments):
    with pytest.raises(InputError):
        unet(**arguments)
