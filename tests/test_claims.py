"""The protocol of the claims: against SciPy, against its own promises, and complete."""

import numpy as np
import pytest
from scipy import stats

from colorizer import claims, records
from colorizer.claims import ALIKE, CLAIMS, FAILS, HOLDS, UNDECIDED, Claim, Test, judge
from colorizer.errors import InputError
from colorizer.experiments import EXPERIMENTS, GRID
from colorizer.records import FULL, Run

GRAY_COPY = {"mse": 0.00662, "channel_argmax_accuracy": 0.5086}
LESS = Claim("a has a lower error than b", "", (Test("mse", "a", "less", "b"),))


@pytest.fixture
def recorded(monkeypatch):
    """Experiment to the scores of its runs, which the test fills in."""
    scores = {}

    def of(name, budget=FULL):
        return [run(name, i, budget, value) for i, value in enumerate(scores.get(name, []))]

    monkeypatch.setattr(records, "of", of)
    return scores


def run(name, seed, budget, mse):
    metrics = {"mse": mse, "train_mse": mse / 1.5, "channel_argmax_accuracy": 60 * mse}
    history = {"val_mse": [0.02, 0.01, mse], "val_loss": [0.02, 0.01, mse]}
    return Run(name, seed, budget, {}, history, 3, metrics, {}, "")


def around(mean, spread=1e-5, n=5):
    return list(mean + spread * np.linspace(-1, 1, n))


def words(*found):
    return [verdict.word for verdict in judge(found, GRAY_COPY)]


def test_an_estimate_of_a_difference_is_welchs():
    random = np.random.default_rng(0)
    ours, theirs = random.normal(1, 0.1, 5), random.normal(0.9, 0.3, 3)
    found = claims.estimate([(1, ours), (-1, theirs)])
    expected = stats.ttest_ind(ours, theirs, equal_var=False)
    assert np.isclose(found.freedom, expected.df)
    assert np.isclose(found.difference / found.error, expected.statistic)
    assert np.allclose(found.interval(), expected.confidence_interval(0.95))
    side = (0, np.inf) if found.difference > 0 else (-np.inf, 0)
    assert np.isclose(found.level_within(*side), expected.pvalue)


def test_an_estimate_beside_a_number_is_students():
    values = np.random.default_rng(1).normal(0.5, 0.1, 4)
    found = claims.estimate([(1, values)], known=0.4)
    expected = stats.ttest_1samp(values, 0.4)
    assert np.isclose(found.freedom, 3)
    assert np.isclose(found.difference / found.error, expected.statistic)
    low, high = expected.confidence_interval(0.9)
    assert np.allclose(found.interval(0.1), (low - 0.4, high - 0.4))


@pytest.mark.parametrize("ends", [(0.0, np.inf), (-0.05, 0.4), (-0.3, 0.3)])
def test_at_its_smallest_level_the_interval_just_fits(ends):
    found = claims.Estimate(0.2, 0.05, 6)
    low, high = found.interval(found.level_within(*ends))
    assert np.isclose(low, ends[0]) or np.isclose(high, ends[1])
    assert low > ends[0] - 1e-9
    assert high < ends[1] + 1e-9


def test_outside_of_a_range_no_interval_fits_and_without_error_any():
    assert claims.Estimate(0.2, 0.05, 6).level_within(-0.1, 0.1) == 1
    assert claims.Estimate(0.2, 0.0, 6).level_within(0.1, 0.3) == 0
    assert claims.Estimate(0.2, 0.0, 6).level_within(0.3, 0.4) == 1


def test_the_spread_of_one_value_is_not_known():
    with pytest.raises(InputError, match="fewer than two values"):
        claims.estimate([(1, [0.1, 0.2]), (-1, [0.3])])


@pytest.mark.parametrize(
    ("ours", "theirs", "word"),
    [
        (around(0.007), around(0.008), HOLDS),
        (around(0.008), around(0.007), FAILS),
        (around(0.0070), around(0.0071), ALIKE),
        (around(0.0075, 1e-3), around(0.0076, 1e-3), UNDECIDED),
        (around(0.007), around(0.008, n=1), UNDECIDED),
    ],
)
def test_one_interval_tells_four_verdicts(recorded, ours, theirs, word):
    recorded |= {"a": ours, "b": theirs}
    assert words(LESS) == [word]


def test_an_undecided_claim_says_why(recorded):
    (nothing,) = judge([LESS], GRAY_COPY)
    assert nothing.reason == "no run of `a`, `b`"
    recorded |= {"a": around(0.007), "b": [0.008]}
    assert judge([LESS], GRAY_COPY)[0].reason == "one run of `b`"
    recorded["b"] = around(0.007, 1e-3)
    assert judge([LESS], GRAY_COPY)[0].reason == "the interval is too wide"


def test_one_failure_refutes_a_claim_about_several(recorded):
    recorded |= {"a": around(0.007), "b": around(0.008), "c": around(0.006), "d": [0.009]}
    tests = [Test("mse", "a", "less", other) for other in "bcd"]
    assert words(Claim("less than all", "", tuple(tests))) == [FAILS]
    assert words(Claim("less than two", "", (tests[0], tests[2]))) == [UNDECIDED]
    recorded["c"] = around(0.0071)
    assert words(Claim("less than two", "", tuple(tests[:2]))) == [ALIKE]


def test_what_the_paper_leaves_open_has_to_come_out_one_way(recorded):
    recorded |= {"a": around(0.007), "b": around(0.009), "c": around(0.008)}
    tests = tuple(Test("mse", one, "less", "c") for one in "ab")
    claim = Claim("a level of it lowers the error", "", tests, unknown="the level")
    (verdict,) = judge([claim], GRAY_COPY)
    assert (verdict.word, verdict.reason) == (UNDECIDED, "it depends on the level")
    recorded["b"] = around(0.0072)
    assert words(claim) == [HOLDS]
    recorded |= {"a": around(0.0085), "b": around(0.009)}
    assert words(claim) == [FAILS]


def test_a_band_holds_inside_and_fails_outside(recorded):
    recorded["a"] = around(0.009)  # an "accuracy" of .54
    inside = Claim("", "", (Test("channel_argmax_accuracy", "a", "within", (0.52, 0.56)),))
    outside = Claim("", "", (Test("channel_argmax_accuracy", "a", "within", (0.42, 0.46)),))
    across = Claim("", "", (Test("channel_argmax_accuracy", "a", "within", (0.50, 0.54)),))
    assert words(inside, outside, across) == [HOLDS, FAILS, UNDECIDED]


def test_not_more_allows_the_margin(recorded):
    recorded |= {"a": around(0.0071), "b": around(0.007)}
    claim = Claim("", "", (Test("mse", "a", "not more", "b"),))
    assert words(claim) == [HOLDS]
    recorded["a"] = around(0.0075)
    assert words(claim) == [FAILS]


def test_the_gray_copy_and_numbers_are_exact(recorded):
    recorded["a"] = around(0.005)
    copy = Claim("", "", (Test("mse", "a", "less", claims.GRAY_COPY),))
    number = Claim("", "", (Test("mse", "a", "more", 0.004),))
    assert words(copy, number) == [HOLDS, HOLDS]


def test_the_best_rate_is_the_one_of_the_lowest_validation_loss(recorded):
    recorded |= {row: around(0.01) for row in GRID["nadam"].values()}
    recorded["nadam-0.003"] = around(0.008)
    best = Test("mse", "best of nadam", "less", "price of nadam").terms()
    assert [(factor, name) for factor, name, _ in best] == [
        (1, "nadam-0.003"), (-1, "nadam-0.001"), (1, "nadam-0.003"),
    ]  # fmt: skip
    assert Test("mse", "best of sgd", "less", 1.0).terms() == [(1, "sgd-0.01", [])]


def test_of_a_table_without_any_difference_few_have_a_wrong_verdict(recorded, monkeypatch):
    monkeypatch.setitem(
        claims.QUANTITIES, "mse", claims.Quantity("mse", "", 5, 0.0, "so that none are alike")
    )
    random, n, tables = np.random.default_rng(0), 12, 300
    pairs = [(f"one-{i}", f"other-{i}") for i in range(n)]
    found = [Claim("", "", (Test("mse", one, "less", other),)) for one, other in pairs]
    wrong = alone = 0
    for _ in range(tables):
        recorded |= {name: random.normal(0.5, 0.1, 3) for pair in pairs for name in pair}
        wrong += set(words(*found)) != {UNDECIDED}
        alone += any(words(claim) != [UNDECIDED] for claim in found)
    assert wrong / tables < 0.08
    assert alone / tables > 0.3  # each claim on its own would be wrong in 5 % of cases


def test_the_next_claim_has_an_easier_level(recorded):
    """At 95 %, two claims of which the weaker has p between .025 and .05 both hold."""
    recorded |= {"a": around(0.007), "b": around(0.009)}
    recorded |= {"c": around(0.00755, 3e-4), "d": around(0.008, 3e-4)}
    second = Claim("", "", (Test("mse", "c", "less", "d"),))
    p = second.tests[0].levels(GRAY_COPY)[HOLDS]
    assert judge([second, second], GRAY_COPY, 1.5 * p)[0].word == UNDECIDED
    assert [v.word for v in judge([LESS, second], GRAY_COPY, 1.5 * p)] == [HOLDS, HOLDS]


def test_every_claim_is_decided_in_one_way_by_what_there_is():
    assert len({claim.words for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        ways = [claim.tests, claim.fact, claim.owed, claim.untestable]
        assert sum(map(bool, ways)) == 1, claim.words
        for test in claim.tests:
            names = {name.split(",")[0] for _, name, _ in test.terms()}
            assert names <= EXPERIMENTS.keys(), claim.words
            assert test.budget in EXPERIMENTS[next(iter(names))].budgets
            assert test.quantity in claims.QUANTITIES


def test_evidence_names_runs_spread_and_difference():
    test = Test("mse", "plain", "less", "batchnorm-dropout")
    text = claims.evidence(test, GRAY_COPY)
    assert text.startswith("MSE: `plain` 0.00776 ± 0.00008 (5), `batchnorm-dropout` 0.00751 ±")
    assert "; difference +0.00025 (+0.000" in text
    assert "gray copy 0.00662" in claims.evidence(
        Test("mse", "plain", "less", claims.GRAY_COPY), GRAY_COPY
    )
    one = claims.evidence(Test("mse", "plain", "less", "sgd-10"), GRAY_COPY)
    assert one.endswith("`sgd-10` 0.06279 (1)")
