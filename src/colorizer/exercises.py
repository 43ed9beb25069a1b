"""Exercises that mark themselves: a hidden cell says what is right, a visible one marks an answer.

    expect("ex-decoder-side", 23, "where does the last place begin?")  # in a hidden cell

    answer = None  # places; in the reader's cell
    mark("ex-decoder-side", answer)

What is marked may be a number, text, a set, an array, a tuple of any of these, or a function that
the reader wrote. A bad answer gets the hint and a sentence, never a traceback.

Where numbers are expected, the chapter's page asks for the same ones, with the same hint: `expect`
glues them under the exercise's label, where the directive `answer-number` finds them.

A function that the reader writes is checked by an entry of `colorizer.checks`, which knows typical
mistakes: `check("to_gray", to_gray)`.
"""

import functools
import importlib
from collections.abc import Callable, Iterable
from numbers import Real
from types import FunctionType

import numpy as np
from IPython.core.interactiveshell import InteractiveShell

from colorizer.errors import InputError

RTOL, ATOL = 1e-9, 1e-12  # of a number for which nothing else is said: what rounding may leave
DIGITS = 4  # of a fraction on its way to the page: further ones differ from machine to machine

_expected: dict[str, tuple[Callable, str]] = {}  # label: the check of an answer, the hint


class _EmptyError(Exception):
    """The reader's function is still to be written."""


def expect(
    label: str, right: object, hint: str = "", *, rtol: float = RTOL, atol: float = ATOL
) -> None:
    """Say what answer an exercise expects; said again, the last word counts.

    Args:
        label: of the exercise.
        right: the answer: a number, text (case and spaces around it do not matter), a set (a list
            in any order will do), an array, or a list or tuple of answers. Or a function that takes
            the reader's answer and returns True, False, or a sentence that says what is wrong.
        hint: what helps after a wrong answer, as it stands after "Not yet:".
        rtol: how far a number may be off, as a share of the right one.
        atol: how far it may be off beyond that.
    """
    check = right if callable(right) else lambda answer: _compare(answer, right, rtol, atol)
    _expected[label] = check, hint
    numbers = _numbers(right)
    if numbers and InteractiveShell.initialized():
        from myst_nb import glue  # of the extra `book`

        glue(label, {"right": numbers, "rtol": rtol, "atol": atol, "hint": hint}, display=False)


def mark(label: str, answer: object) -> None:
    """Print "Right.", or the hint and what is wrong with an answer.

    Args:
        label: of the exercise.
        answer: the reader's; None as long as there is none, and a function that returns None, or
            raises `NotImplementedError`, as long as it is empty.

    Raises:
        InputError: no answer to that exercise is expected.
    """
    if label not in _expected:
        raise InputError(f"No answer to {label!r} is expected; first run the cells above.")
    if answer is None:
        print("Set `answer` and run this cell again.")
        return
    check, hint = _expected[label]
    try:
        verdict = check(_filled(answer) if isinstance(answer, FunctionType) else answer)
        right = not isinstance(verdict, str) and bool(np.all(verdict))
    except (_EmptyError, NotImplementedError):
        print("Fill in the function and run this cell again.")
        return
    except Exception as error:  # whatever a reader's function, or an odd answer, stumbles over
        verdict, right = _told(error), False
    print("Right." if right else _not_yet(hint, verdict if isinstance(verdict, str) else ""))


def check(name: str, function: object) -> None:
    """Print "Right.", or a hint that names the mistake in a function that the reader wrote.

    Args:
        name: of the exercise, in `colorizer.checks.CHECKS`.
        function: the reader's; empty as long as it returns None or raises `NotImplementedError`.

    Raises:
        InputError: there is no such exercise.
    """
    # by its name, so that an exercise more makes no other chapter stale
    checks = importlib.import_module("colorizer.checks")
    if name not in checks.CHECKS:
        raise InputError(f"There is no exercise {name!r}; there are {', '.join(checks.CHECKS)}.")
    if not callable(function):
        print("Not yet: the answer is a function.")
        return
    try:
        found = checks.fault(name, _filled(function))
    except (_EmptyError, NotImplementedError):
        print("Fill in the function and run this cell again.")
        return
    except Exception as error:  # whatever a reader's function stumbles over
        found = _told(error)
    print(_not_yet(found, "") if found else "Right.")


def _numbers(right):
    """The number, or the numbers, that are expected; none where anything else is."""
    values = right if isinstance(right, tuple) else (right,)
    if not all(isinstance(x, Real) and not isinstance(x, bool | np.bool) for x in values):
        return []
    return [int(x) if x == int(x) else float(f"{x:.{DIGITS}g}") for x in values]


def _filled(function):
    """The reader's function, once it returns something."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        result = function(*args, **kwargs)
        if result is None:
            raise _EmptyError
        return result

    return call


def _compare(answer, right, rtol, atol):
    """True, False, or a sentence on why the two cannot be compared."""
    if isinstance(right, str):
        if not isinstance(answer, str):
            return f"The answer is a text, not {_kind(answer)}."
        return answer.strip().lower() == right.strip().lower()
    if isinstance(right, list | tuple | set | frozenset):
        if isinstance(answer, str) or not isinstance(answer, Iterable):
            return f"The answer is several values in brackets, not {_kind(answer)}."
        if isinstance(right, set | frozenset):
            return set(answer) == right
        answers = list(answer)
        if len(answers) != len(right):
            return f"The answer has {len(right)} values, not {len(answers)}."
        verdicts = [_compare(*pair, rtol, atol) for pair in zip(answers, right, strict=True)]
        return next((verdict for verdict in verdicts if verdict is not True), True)
    given, wanted = np.asarray(answer), np.asarray(right)
    if given.dtype.kind not in "biufc":
        return f"The answer is {'an array' if wanted.ndim else 'a number'}, not {_kind(answer)}."
    if given.shape != wanted.shape:
        return (
            f"The answer is an array of the shape {wanted.shape}, not {given.shape}."
            if wanted.ndim
            else "The answer is a single number."
        )
    return bool(np.allclose(given, wanted, rtol, atol))


def _kind(answer):
    if isinstance(answer, str):
        return "a text"
    if callable(answer):
        return "a function"
    return f"of the type {type(answer).__name__}"


def _told(error):
    """An exception as one sentence."""
    message = str(error).strip().split("\n")[0].rstrip(".")
    if isinstance(error, InputError):
        return f"{message}."
    return f"It stopped with {type(error).__name__}{': ' if message else ''}{message}."


def _not_yet(hint, what):
    return " ".join(filter(None, [f"Not yet: {hint}" if hint else "Not yet.", what]))
