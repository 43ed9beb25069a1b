"""Draw the README's picture: what the paper's model is given, what it returns, and the truth."""

from pathlib import Path

from colorizer import plots, runs
from colorizer.data import load_cifar10, to_gray

PATH = Path(__file__).parent / "assets" / "overview.png"


def main():
    """Write the picture."""
    some = load_cifar10().test[:8]
    returned = runs.predict(runs.load_model(runs.load("plain")), some)
    picture = plots.image_grid(
        [to_gray(some.rgb), returned, some.rgb], ["given", "returned", "truth"]
    )
    picture.save(PATH)


if __name__ == "__main__":
    main()
