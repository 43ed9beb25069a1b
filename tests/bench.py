"""Training throughput of the package beside a plain Keras `fit` of the same layers.

Both see the same images, batch size and optimiser, one after the other, several times in turn, so
that a slow spell of the machine hits both. Prints the median images/s and their ratio; exits with
an error where the package is slower by more than the spread allows.
"""

import statistics
import sys
import time

from colorizer import provenance, training
from colorizer.backend import keras
from colorizer.data import load_cifar10, normalize, to_gray
from colorizer.models import autoencoder

IMAGES = 4096
ROUNDS = 5
MARGIN = 0.97  # of the plain rate; five rounds on two shared cores do not measure finer


def plain_keras(images, batch_size):
    """A function that trains one epoch by a bare Keras `fit` on arrays in memory."""
    model = autoencoder()
    model.compile(keras.optimizers.Adam(1e-3), loss="mse")
    gray, rgb = normalize(to_gray(images.rgb)), normalize(images.rgb)
    seen = slice(0, batch_size)
    return lambda: model.fit(
        gray,
        rgb,
        validation_data=(gray[seen], rgb[seen]),
        batch_size=batch_size,
        epochs=1,
        verbose=0,
    )


def package(images, batch_size):
    """A function that trains one epoch by `training.fit`, with all its callbacks."""
    model = training.compile_model(autoencoder())
    options = {"epochs": 1, "batch_size": batch_size, "seed": 0, "progress": False}
    return lambda: training.fit(model, images, images[:batch_size], **options)


def seconds(function):
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main():
    """Measure, print, and judge."""
    images = load_cifar10().train[:IMAGES]
    print(provenance.environment())
    slower = False
    for batch_size in (32, 128):
        contestants = [f(images, batch_size) for f in (package, plain_keras)]
        for epoch in contestants:
            epoch()  # traces and warms up
        times = [[seconds(epoch) for epoch in contestants] for _ in range(ROUNDS)]
        ours, plain = (IMAGES / statistics.median(t) for t in zip(*times, strict=True))
        print(
            f"batch size {batch_size:3}: package {ours:6.0f} images/s, "
            f"plain Keras {plain:6.0f} images/s, ratio {ours / plain:.3f}"
        )
        slower |= ours < MARGIN * plain
    print(f"peak memory of this process: {provenance.peak_memory() / 1e9:.2f} GB")
    sys.exit("The package is slower than plain Keras." if slower else 0)


if __name__ == "__main__":
    main()
