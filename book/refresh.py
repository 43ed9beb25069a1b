"""All that new records or new code ask for: train, execute, draw again.

`make refresh` trains what is missing, if there is a GPU, and runs the chapters that are stale. If
there was something to do, it takes the pictures of the README and of the playgrounds again.
"""

import subprocess
import sys
from pathlib import Path

from execute import refresh

TRAIN = [sys.executable, "-m", "colorizer", "train", "--all"]
GPUS = "from colorizer.backend import keras; print(*keras.distribution.list_devices('gpu'))"
PICTURES = (
    [sys.executable, str(Path(__file__).with_name("picture.py"))],
    ["make", "screenshots"],
)


def main():
    """Refresh the chapters named on the command line; a step that fails is the last."""
    trained = train()
    executed, failed = refresh([Path(chapter) for chapter in sys.argv[1:]])
    if failed:
        sys.exit(1)
    if not trained and not executed:
        print("Nothing is new, so the pictures stay as they are.")
        return
    for command in PICTURES:
        run(command)


def train() -> bool:
    """Train what is missing, if there is a GPU; returns whether that changed anything."""
    missing = missing_trainings()
    if not missing:
        print("No training is missing.")
        return False
    # Another process looks for a GPU, because the one that finds it takes its memory.
    if not run([sys.executable, "-c", GPUS], stdout=subprocess.PIPE).strip():
        print(
            f"{len(missing)} trainings are missing, and there is no GPU here; "
            "`make train` makes them all the same."
        )
        return False
    run(TRAIN)
    return missing_trainings() != missing  # some are for another device


def missing_trainings() -> list[str]:
    """A line for each."""
    told = run([*TRAIN, "--dry-run"], stdout=subprocess.PIPE)
    return [line for line in told.splitlines() if line.startswith("missing")]


def run(command: list[str], **options) -> str | None:
    """Run a command, and stop with its exit code if it fails."""
    sys.stdout.flush()  # or what it prints would come before
    done = subprocess.run(command, text=True, check=False, **options)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    main()
