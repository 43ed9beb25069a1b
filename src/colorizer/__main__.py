"""The command line: `colorizer data | train | evaluate | list | colorize | playground`."""

import argparse
import dataclasses
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tqdm import tqdm

from colorizer.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after the program's name; None takes the process's own.

    Returns:
        The exit code: 0 for success, 1 where a record is not borne out by its weights, a training
        diverged or a photograph could not be coloured, 2 for other input that cannot be used (one
        sentence on stderr), 130 after Ctrl-C, 141 where the reader of the output went away.
    """
    options = _parser().parse_args(arguments)
    try:
        code = options.command(options)
        print(end="", flush=True)
        return code
    except BrokenPipeError:  # such as `head`, which has read enough; the last flush is to be quiet
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except InputError as error:
        print(f"colorizer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"\ncolorizer: {str(stop) or 'Stopped.'}", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="colorizer", description="Train, check and use the models of the course."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    data = commands.add_parser("data", help="check CIFAR-10, and download it where it is missing")
    data.set_defaults(command=_data)

    train = commands.add_parser("train", help="train what is not recorded yet, and record the run")
    chosen = train.add_mutually_exclusive_group(required=True)
    chosen.add_argument(
        "name", metavar="NAME", nargs="?", help="an experiment, as `colorizer list` names it"
    )
    chosen.add_argument("--all", action="store_true", help="every experiment, most worth first")
    train.add_argument("--seed", type=int, metavar="S", help="of NAME; default 0")
    train.add_argument(
        "--seeds", type=int, metavar="N", help="at most N of each for --all; default 5"
    )
    train.add_argument("--epochs", type=int, metavar="N", help="another number, for a trial")
    train.add_argument("--limit", type=int, metavar="N", help="first N images, for a trial")
    train.add_argument("--replace", action="store_true", help="train again what is recorded")
    train.add_argument("--dry-run", action="store_true", help="only say what is missing")
    train.set_defaults(command=_train)

    evaluate = commands.add_parser(
        "evaluate", help="compute test metrics from the weights and compare them with the record"
    )
    evaluate.add_argument("names", metavar="NAME", nargs="*", help="experiments; default: all")
    evaluate.set_defaults(command=_evaluate)

    listing = commands.add_parser("list", help="list the experiments and what is recorded of them")
    listing.set_defaults(command=_list)

    colorize = commands.add_parser("colorize", help="colour photographs of any size")
    colorize.add_argument("photos", metavar="PHOTO", nargs="+", type=Path)
    colorize.add_argument(
        "--model", metavar="NAME", default="unet", help="an experiment with weights; default unet"
    )
    colorize.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="default: beside each photograph"
    )
    colorize.add_argument("--overwrite", action="store_true", help="replace files that are there")
    colorize.set_defaults(command=_colorize)

    playground = commands.add_parser("playground", help="open the playground in the browser")
    playground.add_argument("--port", type=int, default=8866, metavar="N", help="default 8866")
    playground.add_argument("--no-browser", action="store_true", help="only serve it")
    playground.set_defaults(command=_playground)
    return parser


def _data(options):
    from colorizer.data import load_cifar10

    data = load_cifar10()
    print(
        f"CIFAR-10: {len(data.train):,} training, {len(data.validation):,} validation and "
        f"{len(data.test):,} test images, as published."
    )
    return 0


def _train(options):
    from colorizer import experiments, runs  # Keras takes seconds to import
    from colorizer.data import load_cifar10

    if options.all and options.seed is not None:
        raise InputError("--seed is for one experiment; with --all, say how many by --seeds.")
    if not options.all and options.seeds is not None:
        raise InputError("--seeds is for --all; with one experiment, say which by --seed.")
    if options.all:
        wanted = experiments.matrix(5 if options.seeds is None else options.seeds)
    else:
        wanted = [(experiments.get(options.name), options.seed or 0)]
    if options.epochs is not None:
        wanted = [(dataclasses.replace(e, epochs=options.epochs), seed) for e, seed in wanted]
    missing = [
        (experiment, seed)
        for experiment, seed in wanted
        if options.replace or not runs.exists(experiment, seed, options.limit)
    ]
    if len(missing) < len(wanted):
        done = len(wanted) - len(missing)
        print(f"{done} of {len(wanted)} recorded already; --replace trains again.")
    if options.dry_run:
        recorded = runs.recorded()
        for experiment, seed in missing:
            others = (r for r in recorded if (r.experiment, r.seed) == (experiment.name, seed))
            trained = "; ".join(runs.budget(run) for run in others)
            also = f" (recorded: {trained})" if trained else ""
            print(f"missing: {experiment.name}, seed {seed}{also}")
        return 0
    return _train_each(missing, load_cifar10(), options.limit) if missing else 0


def _train_each(missing, data, limit):
    from colorizer import runs
    from colorizer.backend import keras
    from colorizer.training import DivergenceError

    failed = False
    started = time.monotonic()
    for done, (experiment, seed) in enumerate(missing):
        if len(missing) > 1:
            each = (time.monotonic() - started) / max(done, 1)
            left = f", {each * (len(missing) - done) / 60:.0f} min left" if done else ""
            print(f"{done + 1} of {len(missing)}{left}: {experiment.name}, seed {seed}", flush=True)
        keras.utils.clear_session()  # of what the training before it left in memory
        try:
            run = runs.train(experiment, data, seed, limit)
        except DivergenceError as error:  # a result too; those that follow need not wait for it
            failed = True
            print(f"colorizer: {error}", file=sys.stderr)
            continue
        print(f"{run.path}: best epoch {run.best_epoch} of {experiment.epochs}")
        _print_metrics(run.metrics)
        print(
            f"{run.provenance['seconds']:.0f} s, {run.provenance['images_per_second']} images/s, "
            f"peak memory {run.provenance['peak_memory_bytes'] / 1e9:.2f} GB"
        )
    return 1 if failed else 0


def _evaluate(options):
    from colorizer import experiments, runs
    from colorizer.data import load_cifar10

    for name in options.names:
        experiments.get(name)
    recorded = [
        run for run in runs.recorded() if not options.names or run.experiment in options.names
    ]
    chosen = [run for run in recorded if run.weights_path.exists()]
    missing = set(options.names) - {run.experiment for run in chosen}
    if missing or not chosen:
        raise InputError(
            f"No run with weights is recorded of {', '.join(sorted(missing)) or 'any experiment'}; "
            "`colorizer train NAME` makes one."
        )
    data = load_cifar10()
    failed = 0
    for run in chosen:
        try:
            computed = runs.recompute(run, data)
        except InputError as error:  # the others need not suffer
            failed += 1
            print(f"colorizer: {error}", file=sys.stderr)
            continue
        different = runs.differences(run, computed)
        failed += bool(different)
        print(f"{run.path}: {'DIFFERS in ' + ', '.join(different) if different else 'borne out'}")
        _print_metrics(computed)
    if len(chosen) < len(recorded):
        print(f"{len(recorded) - len(chosen)} other records have no weights here to compare with.")
    return 1 if failed else 0


def _list(options):
    from colorizer import experiments, runs

    recorded = {}
    for run in runs.recorded():
        recorded.setdefault(run.experiment, []).append(run.path.stem)
    for name, experiment in experiments.EXPERIMENTS.items():
        summary = type(experiment).__doc__.splitlines()[0]
        print(f"{name:20} {summary}")
        print(f"{'':20} recorded: {', '.join(recorded.get(name, ['nothing']))}")
    return 0


def _colorize(options):
    from colorizer import photo, runs

    model = runs.load_model(runs.fullest(options.model))
    predict, any_size = photo.predictor(model), photo.takes_any_size(model)
    failed, written = False, set()
    for source in tqdm(options.photos, unit="photo", disable=None):
        try:
            original = photo.read(source)
            name = f"{source.stem}-{options.model}{photo.SUFFIXES[original.format]}"
            target = (options.output or source.parent) / name
            if target in written:
                raise InputError(f"{str(source)!r} and another would both be {str(target)!r}.")
            coloured = photo.colorize(original, predict, any_size=any_size)
            photo.write(coloured, target, options.overwrite)
            written.add(target)
        except InputError as error:  # the others need not suffer
            failed = True
            tqdm.write(f"colorizer: {error}", file=sys.stderr)
            continue
        tqdm.write(str(target))
        if original.note:
            tqdm.write(f"colorizer: {original.note}", file=sys.stderr)
    return 1 if failed else 0


def _playground(options):
    """Serve a notebook of one cell with Voilà, until it is stopped."""
    if not importlib.util.find_spec("voila"):
        raise InputError("The playground needs the extra `book`: pip install -e '.[book]'.")
    if not 1 <= options.port < 2**16:
        raise InputError(f"A port is a number from 1 to {2**16 - 1}, not {options.port}.")
    import nbformat

    cell = nbformat.v4.new_code_cell("from colorizer import playground\n\nplayground.app()")
    share = Path(__file__).with_name("share")  # holds the page's template
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Playground.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        command = [sys.executable, "-m", "voila", str(path), f"--port={options.port}"]
        command += ["--template=playground", "--preheat_kernel=True"]
        command += ["--no-browser"] if options.no_browser else []
        paths = [str(share), *os.environ.get("JUPYTER_PATH", "").split(os.pathsep)]
        environment = os.environ | {"JUPYTER_PATH": os.pathsep.join(filter(None, paths))}
        return subprocess.run(command, env=environment, check=False).returncode


def _print_metrics(metrics):
    for name, value in metrics.items():
        print(f"  {name:26} {value:10.5f}")


if __name__ == "__main__":
    sys.exit(main())
