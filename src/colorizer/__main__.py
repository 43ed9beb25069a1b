"""The command line: `colorizer data | train | evaluate | list | colorize | playground`."""

import argparse
import dataclasses
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from colorizer.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after the program's name; None takes the process's own.

    Returns:
        The exit code: 0 for success, 1 where a record is bent or not borne out by its weights, a
        training failed or a photograph could not be coloured, 2 for other input that cannot be used
        (one sentence on stderr), 130 after Ctrl-C, 141 where the reader of the output went away.
    """
    _open_closed_streams()
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


def _open_closed_streams():
    """Give streams that whoever called the program has closed a place that takes everything.

    Else the next file to be opened would get their number, and what is meant for them.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
            if getattr(sys, name) is None:
                mode = "r" if name == "stdin" else "w"
                setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - for good


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
    train.add_argument("--seeds", type=int, metavar="N", help="at most N of each, for --all")
    train.add_argument("--epochs", type=int, metavar="N", help="another number, for a trial")
    train.add_argument("--limit", type=int, metavar="N", help="first N images, for a trial")
    train.add_argument("--jobs", type=int, metavar="N", help="at once, for --all; default 1")
    train.add_argument(
        "--minutes", type=float, metavar="M", help="stop after so long, for --all; it can go on"
    )
    train.add_argument("--replace", action="store_true", help="train again what is recorded")
    train.add_argument("--dry-run", action="store_true", help="only say what is missing")
    train.set_defaults(command=_train)

    evaluate = commands.add_parser(
        "evaluate", help="compute test metrics from the weights and compare them with the record"
    )
    evaluate.add_argument("names", metavar="NAME", nargs="*", help="experiments; default: all")
    evaluate.add_argument(
        "--complete", action="store_true", help="add metrics that a record does not hold yet"
    )
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
    from colorizer import experiments, jobs, records
    from colorizer.jobs import Job

    if options.all:
        _refuse(options.seed is not None, "--seed is for one experiment; with --all, say --seeds.")
        matrix = experiments.matrix(options.seeds)
    else:
        for name in ("seeds", "jobs", "minutes"):
            _refuse(getattr(options, name) is not None, f"--{name} is for --all.")
        experiment = experiments.get(options.name)
        matrix = [(experiment, options.seed or 0, experiment.budgets[0])]
    count = 1 if options.jobs is None else options.jobs
    jobs.check(count, options.minutes)
    wanted = [Job(e, seed, _budget(budget, options)) for e, seed, budget in matrix]
    wanted = list({str(job): job for job in wanted}.values())  # of two budgets one may be left
    missing = [
        job
        for job in wanted
        if options.replace or not records.path(job.experiment.name, job.seed, job.budget).exists()
    ]
    if len(missing) < len(wanted):
        done = len(wanted) - len(missing)
        print(f"{done} of {len(wanted)} recorded already; --replace trains again.", flush=True)
    failed = {} if options.replace else _failures(missing)
    for words in failed.values():
        print(f"failed before: {words}; --replace tries again.", flush=True)
    missing = [job for job in missing if str(job) not in failed]
    if options.dry_run:
        for job in missing:
            trained = "; ".join(
                str(run.budget)
                for run in records.recorded(job.experiment.name)
                if run.seed == job.seed
            )
            print(f"missing: {job}" + (f" (recorded: {trained})" if trained else ""))
        return 0
    if not missing:
        return 0
    if not jobs.train_all(missing, count, options.minutes):
        return 1
    if not options.all:
        (job,) = missing
        run = records.load(job.experiment.name, job.seed, job.budget)
        print(run.path)
        _print_metrics(run.metrics)
    return 0


def _budget(budget, options):
    """The budget, or that of a trial."""
    changed = {"epochs": options.epochs, "images": options.limit}
    return dataclasses.replace(budget, **{k: v for k, v in changed.items() if v is not None})


def _failures(jobs):
    """Those that were tried before and ended without a result, with the reason."""
    from colorizer import records

    noted = {}
    for name in dict.fromkeys(job.experiment.name for job in jobs):
        for seed, budget, reason in records.failures(name):
            noted[name, seed, budget] = reason
    return {
        str(job): f"{job}: {noted[key].rstrip('.')}"
        for job in jobs
        if (key := (job.experiment.name, job.seed, job.budget)) in noted
    }


def _refuse(condition, sentence):
    if condition:
        raise InputError(sentence)


def _evaluate(options):
    from colorizer import experiments, records

    for name in options.names:
        if not (records.folder() / name).is_dir():
            experiments.get(name)
    recorded = [
        run for run in records.recorded() if not options.names or run.experiment in options.names
    ]
    chosen = [run for run in recorded if run.weights_path.exists()]
    missing = set(options.names) - {run.experiment for run in chosen}
    if missing or not chosen:
        raise InputError(
            f"No run with weights is recorded of {', '.join(sorted(missing)) or 'any experiment'}; "
            "`colorizer train NAME` makes one."
        )
    from colorizer import runs
    from colorizer.data import load_cifar10

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
        newer = computed.keys() - run.metrics.keys()
        verdict = f"DIFFERS in {', '.join(different)}" if different else "borne out"
        if newer and options.complete and not different:
            runs.complete(run, computed)
            verdict += f"; {len(newer)} metrics added"
        elif newer:
            verdict += f"; it lacks {len(newer)} metrics, which --complete adds"
        print(f"{run.path}: {verdict}")
        _print_metrics(computed)
    if len(chosen) < len(recorded):
        print(f"{len(recorded) - len(chosen)} other records have no weights here to compare with.")
    return 1 if failed else 0


def _list(options):
    from colorizer import experiments, records

    whys = {name: experiment.why for name, experiment in experiments.EXPERIMENTS.items()}
    others = {path.parent.parent.name for path in records.folder().glob("*/*/seed-*.json")}
    whys |= dict.fromkeys(sorted(others - whys.keys()), "No longer an experiment")
    failed = False
    for name, why in whys.items():
        print(f"{name:20} {why}.")
        try:
            lines = _recorded_lines(name)
        except InputError as error:  # the others are to be seen all the same
            failed = True
            print(f"colorizer: {error}", file=sys.stderr)
            continue
        for line in lines or ["nothing recorded"]:
            print(f"{'':20} {line}")
    for path in records.strays():
        print(f"colorizer: {path} is not named as a record is, and is not read.", file=sys.stderr)
    return 1 if failed else 0


def _recorded_lines(name):
    """What is recorded of an experiment: at each budget its seeds and its score."""
    from colorizer import records

    by_budget = {}
    for run in records.recorded(name):
        by_budget.setdefault(run.budget, []).append(run)
    lines = []
    for budget, found in by_budget.items():
        scores = records.values(found, "mse")
        spread = f" ± {statistics.stdev(scores):.5f}" if len(scores) > 1 else ""
        seeds = ", ".join(str(run.seed) for run in found)
        lines.append(
            f"{budget}: test MSE {statistics.fmean(scores):.5f}{spread} "
            f"(seed{'s' if len(found) > 1 else ''} {seeds})"
        )
    for seed, budget, reason in records.failures(name):
        lines.append(f"{budget}: seed {seed} failed: {reason}")
    return lines


def _colorize(options):
    from colorizer import experiments, records

    if not (records.folder() / options.model).is_dir():
        experiments.get(options.model)
    run = records.fullest(options.model)
    from colorizer import photo, runs  # Keras takes seconds to import

    model = runs.load_model(run)
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
