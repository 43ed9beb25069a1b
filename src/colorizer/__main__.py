"""The command line: `colorizer data | train | evaluate | list`."""

import argparse
import dataclasses
import sys

from colorizer.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after the program's name; None takes the process's own.

    Returns:
        The exit code: 0 for success, 1 where a record is not borne out by its weights, 2 for
        input that cannot be used (one sentence on stderr), 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except InputError as error:
        print(f"colorizer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"\ncolorizer: {stop or 'Stopped.'}", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="colorizer", description="Train, check and list the runs of the course."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    data = commands.add_parser("data", help="check CIFAR-10, and download it where it is missing")
    data.set_defaults(command=_data)

    train = commands.add_parser("train", help="train an experiment and record the run")
    train.add_argument("name", metavar="NAME", help="an experiment, as `colorizer list` names it")
    train.add_argument("--seed", type=int, default=0, metavar="S", help="default 0")
    train.add_argument("--epochs", type=int, metavar="N", help="another number, for a trial")
    train.add_argument("--limit", type=int, metavar="N", help="first N images, for a trial")
    train.add_argument("--replace", action="store_true", help="train again what is recorded")
    train.set_defaults(command=_train)

    evaluate = commands.add_parser(
        "evaluate", help="compute test metrics from the weights and compare them with the record"
    )
    evaluate.add_argument("names", metavar="NAME", nargs="*", help="experiments; default: all")
    evaluate.set_defaults(command=_evaluate)

    listing = commands.add_parser("list", help="list the experiments and what is recorded of them")
    listing.set_defaults(command=_list)
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

    experiment = experiments.get(options.name)
    if options.epochs is not None:
        experiment = dataclasses.replace(experiment, epochs=options.epochs)
    if runs.exists(experiment, options.seed, options.limit) and not options.replace:
        run = runs.load(experiment.name, options.seed, options.epochs, options.limit)
        print(f"{run.path} is recorded already; --replace trains it again.")
        return 0
    run = runs.train(experiment, load_cifar10(), options.seed, options.limit)
    print(f"{run.path}: best epoch {run.best_epoch} of {experiment.epochs}")
    _print_metrics(run.metrics)
    print(
        f"{run.provenance['seconds']:.0f} s, {run.provenance['images_per_second']} images/s, "
        f"peak memory {run.provenance['peak_memory_bytes'] / 1e9:.2f} GB"
    )
    return 0


def _evaluate(options):
    from colorizer import experiments, runs
    from colorizer.data import load_cifar10

    for name in options.names:
        experiments.get(name)
    chosen = [
        run
        for run in runs.recorded()
        if run.weights_path.exists() and (not options.names or run.experiment in options.names)
    ]
    missing = set(options.names) - {run.experiment for run in chosen}
    if missing or not chosen:
        raise InputError(
            f"No run with weights is recorded of {', '.join(sorted(missing)) or 'any experiment'}; "
            "`colorizer train NAME` makes one."
        )
    data = load_cifar10()
    failed = 0
    for run in chosen:
        computed = runs.recompute(run, data)
        different = runs.differences(run, computed)
        failed += bool(different)
        print(f"{run.path}: {'DIFFERS in ' + ', '.join(different) if different else 'borne out'}")
        _print_metrics(computed)
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


def _print_metrics(metrics):
    for name, value in metrics.items():
        print(f"  {name:26} {value:10.5f}")


if __name__ == "__main__":
    sys.exit(main())
