"""Draw the README's picture: what the models are given, what they return, and the truth."""

from pathlib import Path

from colorizer import plots, records, runs
from colorizer.data import load_cifar10, to_gray

PATH = Path(__file__).parent / "assets" / "overview.png"


def main():
    """Write the picture."""
    some = load_cifar10().test[:8]
    models = {"the paper's model": "plain", "the U-Net of Part V": "unet"}
    rows = {"given": to_gray(some.rgb)}
    for title, name in models.items():
        rows[title] = runs.predict(runs.load_model(records.load(name)), some)
    rows["truth"] = some.rgb
    picture = plots.image_grid(list(rows.values()), list(rows))
    picture.save(PATH)


if __name__ == "__main__":
    main()
