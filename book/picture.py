"""Draw the README's picture: what the paper's model is given, what it returns, and the truth."""

from pathlib import Path

from colorizer import baselines, plots, runs
from colorizer.data import load_cifar10, normalize, to_gray

PATH = Path(__file__).parent / "assets" / "overview.png"


def main():
    """Write the picture."""
    some = load_cifar10().test[:8]
    figure = plots.rows(
        {
            "given": baselines.gray_copy(normalize(to_gray(some.rgb))),
            "returned": runs.predict(runs.load_model(runs.load("plain")), some),
            "truth": normalize(some.rgb),
        }
    )
    PATH.parent.mkdir(exist_ok=True)
    figure.savefig(PATH, dpi=100, bbox_inches="tight")


if __name__ == "__main__":
    main()
