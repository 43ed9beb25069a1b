import sys
import types

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from colorizer.errors import InputError
from colorizer.exercises import expect, mark

EMPTY = "Set `answer` and run this cell again."


@pytest.fixture
def told(capsys):
    """What is printed of an answer, where `right` is expected."""

    def tell(answer, right, hint="think again.", **tolerance):
        expect("ex", right, hint, **tolerance)
        mark("ex", answer)
        printed = capsys.readouterr()
        assert not printed.err
        assert printed.out.count("\n") == 1
        return printed.out.strip()

    return tell


def test_no_answer_yet(told):
    assert told(None, 3) == EMPTY
    assert told(None, lambda answer: 1 / 0) == EMPTY


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (23, 23),
        (0.1 + 0.2, 0.3),
        (np.float32(0.5), 0.5),
        (np.array(3), 3),
        (True, True),
        (" Contrast", "contrast"),
        ({6, 3, 9}, {3, 6, 9}),
        ([9, 6, 3], {3, 6, 9}),
        (np.array([3, 6, 9]), {3, 6, 9}),
        ((0.5, 0), (0.5, 0)),
        ([0.5, 0.0], (0.5, 0)),
        (np.array([0.5, 0]), (0.5, 0)),
        ([["a", 1.0], 2], [("A", 1), 2]),
        (np.eye(3), np.eye(3)),
        ([[1, 0], [0, 1]], np.eye(2)),
        (lambda x: x**2, lambda f: f(3) == 9),
        (lambda x: 2 * x, lambda f: f(np.arange(3)) == [0, 2, 4]),  # an array of True
    ],
)
def test_right_answers(answer, right, told):
    assert told(answer, right) == "Right."


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (22, 23),
        (3_431_812, 3_431_811),
        (float("nan"), 0.3),
        (float("inf"), 0.3),
        (False, True),
        ("colour", "contrast"),
        ({3, 6}, {3, 6, 9}),
        ((0.5, 1), (0.5, 0)),
        (("b", 1), ("a", 1)),
        (np.eye(3) + 1e-6, np.eye(3)),
        (lambda x: x**3, lambda f: f(3) == 9),
        (lambda x: 3 * x, lambda f: f(np.arange(3)) == [0, 2, 4]),
        (1, lambda answer: None),
    ],
)
def test_wrong_answers_get_the_hint(answer, right, told):
    assert told(answer, right) == "Not yet: think again."
    assert told(answer, right, hint="") == "Not yet."


def test_tolerances(told):
    assert told(0.447, 5**-0.5) == "Not yet: think again."
    assert told(0.447, 5**-0.5, rtol=0.01) == "Right."
    assert told(1e-4, 0, atol=1e-3) == "Right."
    assert told((0.49, 0), (0.5, 0), rtol=0.1) == "Right."
    assert told((0.4, 0), (0.5, 0), rtol=0.1) == "Not yet: think again."


@pytest.mark.parametrize(
    ("answer", "right", "what"),
    [
        ("23", 23, "The answer is a number, not a text."),
        ({}, 23, "The answer is a number, not of the type dict."),
        (max, 23, "The answer is a number, not a function."),
        (lambda: 23, 23, "The answer is a number, not a function."),
        (object(), 23, "The answer is a number, not of the type object."),
        ([23], 23, "The answer is a single number."),
        (23, "contrast", "The answer is a text, not of the type int."),
        (23, {3, 6}, "The answer is several values in brackets, not of the type int."),
        ("3, 6", (3, 6), "The answer is several values in brackets, not a text."),
        ((1, 2, 3), (1, 2), "The answer has 2 values, not 3."),
        ((1, "2"), (1, 2), "The answer is a number, not a text."),
        ("eye", np.eye(2), "The answer is an array, not a text."),
        (np.eye(3), np.eye(2), "The answer is an array of the shape (2, 2), not (3, 3)."),
        ([[1], {}], {1}, "It stopped with TypeError: unhashable type: 'list'."),
        (lambda x: x.size, lambda f: f(3) == 9, "It stopped with AttributeError: 'int' object"),
        (lambda: 1, lambda f: f(3) == 9, "It stopped with TypeError: "),
        (0, lambda answer: 1 / answer, "It stopped with ZeroDivisionError: division by zero."),
        (0, lambda answer: "It has an MSE of 0.1.", "It has an MSE of 0.1."),
    ],
)
def test_bad_answers_get_the_hint_and_a_sentence(answer, right, what, told):
    found = told(answer, right)
    assert found.startswith(f"Not yet: think again. {what}")
    assert found.endswith(".")


def test_exceptions_of_many_lines_and_of_none_are_one_sentence(told):
    def fails(error):
        def check(answer):
            raise error

        return check

    assert told(0, fails(ValueError("one\ntwo"))).endswith("It stopped with ValueError: one.")
    assert told(0, fails(AssertionError())).endswith("It stopped with AssertionError.")
    assert told(0, fails(InputError("Give two."))) == "Not yet: think again. Give two."


def test_a_function_that_is_still_empty(told):
    def nothing(x):
        """Your lines."""

    def later(x):
        raise NotImplementedError

    for function in (nothing, later):
        text = told(function, lambda f: f(3) == 9)
        assert text == "Fill in the function and run this cell again."


def test_the_last_word_counts_and_each_exercise_has_its_own(capsys):
    expect("ex-one", 1)
    expect("ex-two", 2)
    expect("ex-one", 3)
    mark("ex-one", 3)
    mark("ex-two", 2)
    assert capsys.readouterr().out == "Right.\nRight.\n"


def test_an_exercise_that_expects_nothing():
    with pytest.raises(InputError, match="'ex-absent' is expected; first run"):
        mark("ex-absent", 3)


@pytest.fixture
def glued(monkeypatch):
    """What a notebook's page is told of each exercise."""
    told = {}
    module = types.SimpleNamespace(glue=lambda label, value, display: told.update({label: value}))
    monkeypatch.setitem(sys.modules, "myst_nb", module)
    monkeypatch.setattr(InteractiveShell, "initialized", lambda: True)
    return told


@pytest.mark.parametrize(
    ("right", "numbers"),
    [
        (np.int64(3_431_811), [3431811]),
        (0.564334, [0.5643]),
        (np.float32(0.1), [0.1]),
        (np.float64(289), [289]),
        ((590_080, 0.25), [590080, 0.25]),
    ],
)
def test_expected_numbers_are_glued_for_the_page(glued, right, numbers):
    expect("ex", right, "halve it.", atol=0.01)
    assert glued == {"ex": {"right": numbers, "rtol": 1e-9, "atol": 0.01, "hint": "halve it."}}
    assert list(map(type, glued["ex"]["right"])) == list(map(type, numbers))


@pytest.mark.parametrize("right", [True, "contrast", {3, 6}, np.eye(2), (1, "a"), abs])
def test_what_is_no_number_is_not_glued(glued, right):
    expect("ex", right)
    assert glued == {}
