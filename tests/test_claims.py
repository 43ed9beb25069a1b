"""The protocol of the claims: against SciPy, against its own promises, and complete."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from colorizer import claims, records
from colorizer.claims import ALIKE, CLAIMS, FAILS, HOLDS, UNDECIDED, Claim, Test, judge
from colorizer.errors import InputError
from colorizer.experiments import EXPERIMENTS, GRID
from colorizer.records import FULL, Run

GRAY_COPY = {"mse": 0.00662, "channel_argmax_accuracy": 0.5086}
LEVEL = 0.01
SEEDS = 5
LESS = Claim("a has a lower error than b", "", ((Test("mse", "a", "less", "b"),),))


@pytest.fixture
def recorded(monkeypatch):
    """Experiment to the scores of its runs, which the test fills in; each wants five."""
    scores = {}

    def of(name, budget=FULL):
        return [run(name, i, budget, value) for i, value in enumerate(scores.get(name, []))]

    monkeypatch.setattr(records, "of", of)
    wanted = {name: SimpleNamespace(seeds=SEEDS) for name in (*"abcd", *EXPERIMENTS)}
    monkeypatch.setattr(claims, "EXPERIMENTS", wanted)
    return scores


def run(name, seed, budget, mse):
    metrics = {"mse": mse, "train_mse": mse / 1.5, "channel_argmax_accuracy": 60 * mse}
    history = {"val_mse": [0.02, 0.01, mse], "val_loss": [0.02, 0.01, mse]}
    return Run(name, seed, budget, {}, history, 3, metrics, {}, "")


def around(mean, spread=1e-5, n=SEEDS):
    return list(mean + spread * np.linspace(-1, 1, n))


def reading(quantity, one, side, *others):
    return tuple(Test(quantity, one, side, other) for other in others)


def verdict(*readings, unknown=""):
    return judge(Claim("", "", readings, unknown=unknown), GRAY_COPY, LEVEL)


def word(*readings):
    return verdict(*readings).word


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


def test_outside_of_a_range_no_interval_fits_and_without_a_spread_nothing_is_known():
    assert claims.Estimate(0.2, 0.05, 6).level_within(-0.1, 0.1) == 1
    assert claims.Estimate(0.2, 0.0, 6).level_within(0.1, 0.3) == 1


def test_the_spread_of_one_value_is_not_known():
    with pytest.raises(InputError, match="fewer than two values"):
        claims.estimate([(1, [0.1, 0.2]), (-1, [0.3])])


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (around(0.007), around(0.008), HOLDS),
        (around(0.008), around(0.007), FAILS),
        (around(0.0070), around(0.0071), ALIKE),
        (around(0.0075, 1e-3), around(0.0076, 1e-3), UNDECIDED),
        (around(0.007), around(0.008, n=4), UNDECIDED),
    ],
)
def test_one_interval_tells_four_verdicts(recorded, ours, theirs, expected):
    recorded |= {"a": ours, "b": theirs}
    assert word(*LESS.readings) == expected


def test_an_undecided_claim_says_why(recorded):
    assert judge(LESS, GRAY_COPY, LEVEL).reason == "measurements are missing of `a`, `b`"
    recorded |= {"a": around(0.007), "b": [0.008]}
    assert judge(LESS, GRAY_COPY, LEVEL).reason == "measurements are missing of `b`"
    recorded["b"] = around(0.007, 1e-3)
    assert judge(LESS, GRAY_COPY, LEVEL).reason == "the interval is too wide"


def test_seeds_beyond_those_that_were_planned_do_not_count(recorded):
    recorded |= {"a": around(0.007), "b": [*around(0.008), *around(0.004, n=20)]}
    assert word(*LESS.readings) == HOLDS
    assert [len(values) for _, _, values in LESS.tests[0].terms()] == [SEEDS, SEEDS]


def test_one_failure_refutes_a_reading_and_one_tie_does_not_make_it_true(recorded):
    recorded |= {"a": around(0.007), "b": around(0.008), "c": around(0.006), "d": [0.009]}
    assert word(reading("mse", "a", "less", *"bcd")) == FAILS
    assert word(reading("mse", "a", "less", *"bd")) == UNDECIDED
    recorded["c"] = around(0.0071)
    assert word(reading("mse", "a", "less", *"bc")) == ALIKE
    assert word(reading("mse", "a", "less", *"cd")) == UNDECIDED
    recorded["b"] = around(0.0075, 1e-3)
    assert word(reading("mse", "a", "less", *"bc")) == UNDECIDED


def test_a_failure_among_many_comparisons_has_to_be_clearer(recorded):
    recorded |= {"a": around(0.0070, 4e-4), "b": around(0.0061, 4e-4), "c": around(0.02)}
    test = Test("mse", "a", "less", "b")
    p = test.estimate(GRAY_COPY).level_within(0, np.inf)
    level = 1.5 * p
    alone = judge(Claim("", "", ((test,),)), GRAY_COPY, level)
    among = judge(Claim("", "", (reading("mse", "a", "less", *"bc"),)), GRAY_COPY, level)
    assert (alone.word, among.word) == (FAILS, UNDECIDED)


def test_what_the_paper_leaves_open_has_to_come_out_one_way(recorded):
    recorded |= {"a": around(0.007), "b": around(0.009), "c": around(0.008)}
    readings = [reading("mse", one, "less", "c") for one in "ab"]
    found = verdict(*readings, unknown="the level")
    assert (found.word, found.reason) == (UNDECIDED, "it depends on the level")
    recorded["b"] = around(0.0072)
    assert word(*readings) == HOLDS
    recorded |= {"a": around(0.0085), "b": around(0.009)}
    assert word(*readings) == FAILS
    recorded["b"] = around(0.008, 1e-3)
    assert verdict(*readings, unknown="the level").reason == "the interval is too wide"


def test_a_band_holds_inside_and_fails_outside(recorded):
    recorded["a"] = around(0.009)  # an "accuracy" of .54
    bands = {(0.52, 0.56): HOLDS, (0.42, 0.46): FAILS, (0.50, 0.54): UNDECIDED}
    for band, expected in bands.items():
        assert word(reading("channel_argmax_accuracy", "a", "within", band)) == expected


def test_not_more_allows_the_margin(recorded):
    recorded |= {"a": around(0.0071), "b": around(0.007)}
    assert word(reading("mse", "a", "not more", "b")) == HOLDS
    recorded["a"] = around(0.0075)
    assert word(reading("mse", "a", "not more", "b")) == FAILS


def test_the_gray_copy_and_numbers_are_exact(recorded):
    recorded["a"] = around(0.005)
    assert word(reading("mse", "a", "less", claims.GRAY_COPY)) == HOLDS
    assert word(reading("mse", "a", "more", 0.004)) == HOLDS


def test_the_best_rate_is_the_one_of_the_lowest_validation_loss_of_the_first_seed(recorded):
    recorded |= {row: around(0.01) for row in GRID["nadam"].values()}
    recorded["nadam-0.003"] = around(0.008)
    best = Test("mse", "best of nadam", "less", "price of nadam").terms()
    assert [(factor, name) for factor, name, _ in best] == [
        (1, "nadam-0.003"), (-1, "nadam-0.001"), (1, "nadam-0.003"),
    ]  # fmt: skip
    assert Test("mse", "best of sgd", "less", 1.0).terms() == [(1, "sgd-0.01", [])]
    free = Test("mse", "price of sgd", "less", "price of momentum")
    assert (free.terms(), free.estimate(GRAY_COPY)) == ([], None)
    assert word((free,)) == UNDECIDED


def test_of_a_table_of_equals_few_have_a_wrong_verdict(recorded):
    """Each claim compares one with two others: with itself again, and with one a little better."""
    random, n, tables = np.random.default_rng(0), 12, 300
    margin = claims.QUANTITIES["mse"].margin
    false = {HOLDS, ALIKE}  # the other is better by two margins
    wrong = alone = 0
    for _ in range(tables):
        found = []
        for _ in range(n):
            scores = random.normal(0.0078, margin, (3, SEEDS))
            recorded |= {"a": scores[0], "b": scores[1], "c": scores[2] - 2 * margin}
            claim = Claim("", "", (reading("mse", "a", "less", *"bc"),))
            found.append(judge(claim, GRAY_COPY, 0.05 / n).word)
            alone += judge(LESS, GRAY_COPY, 0.05).word in (HOLDS, FAILS)
        wrong += bool(false & set(found))
    assert wrong / tables < 0.05
    assert 0.02 < alone / (n * tables) < 0.08


def test_every_claim_is_decided_in_one_way_by_what_there_is():
    assert len({claim.words for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        ways = [claim.readings, claim.fact, claim.owed, claim.untestable]
        assert sum(map(bool, ways)) == 1, claim.words
        assert bool(claim.unknown) == (len(claim.readings) > 1), claim.words
        for test in claim.tests:
            names = {name.split(",")[0] for _, name, _ in test.terms()}
            assert names <= EXPERIMENTS.keys(), claim.words
            assert test.budget in EXPERIMENTS[next(iter(names), "plain")].budgets
            assert test.quantity in claims.QUANTITIES


def test_claims_that_will_be_tested_have_their_share_already():
    owed = [claim for claim in CLAIMS if claim.owed]
    assert owed
    assert claims.share(CLAIMS) == claims.share(CLAIMS + CLAIMS) * 2
    assert claims.share(owed) == claims.LEVEL / len(owed)
    assert claims.share([*owed, LESS]) == claims.LEVEL / (len(owed) + 1)


def test_evidence_names_runs_spread_floor_and_difference():
    test = Test("mse", "plain", "less", "batchnorm-dropout")
    text = claims.evidence(test, GRAY_COPY, 0.05)
    assert text.startswith("MSE: `plain` 0.00776 ± 0.00008 (5), `batchnorm-dropout` 0.00751 ±")
    assert "gray copy 0.00662; difference +0.00025 (+0.00015 to +0.00035)" in text
    assert "(+0.00002 to +0.00048)" in claims.evidence(test, GRAY_COPY, 0.002)
    one = claims.evidence(Test("mse", "plain", "less", "sgd-10"), GRAY_COPY, 0.05)
    assert one.endswith("`sgd-10` 0.06279 (1), gray copy 0.00662")
