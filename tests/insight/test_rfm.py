"""docs/discovery.md, rules 4 to 6 and 9: moments, scores, named groups, who does more and who less."""

from datetime import timedelta

import numpy as np
import pytest

from graphcdp.insight import rules
from graphcdp.insight.columns import Amount
from graphcdp.insight.movement import counts_in, moving_groups, window_of
from graphcdp.insight.rfm import GROUPS, fifths, group_of, rfm_groups
from graphcdp.insight.rules import Moment, moment_of, readable
from graphcdp.model.predicates import parse_predicate
from tests.insight.population import MOMENT, NAMES, NOW, behaviour

ORDER = NAMES[0]

FIFTHS = [
    ([], []),
    ([7], [1]),
    ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
    ([5, 4, 3, 2, 1], [5, 4, 3, 2, 1]),
    ([3, 3, 3, 3], [1, 1, 1, 1]),
    # Who shares a value shares its score: six of ten did it once, so the next have three fifths below them.
    ([1, 1, 1, 1, 1, 1, 2, 2, 3, 9], [1, 1, 1, 1, 1, 1, 4, 4, 5, 5]),
]


@pytest.mark.parametrize(("values", "scores"), FIFTHS)
def test_rule_6_scores(values: list[int], scores: list[int]) -> None:
    assert fifths(np.array(values, dtype=float)).tolist() == scores


NAMED = [
    (5, 5, "Champions"), (5, 4, "Champions"), (4, 5, "Loyal"), (3, 4, "Loyal"), (5, 2, "Potential loyalists"),
    (4, 3, "Potential loyalists"), (5, 1, "New customers"), (4, 1, "Promising"), (3, 3, "Need attention"),
    (3, 1, "About to sleep"), (1, 5, "Cannot lose them"), (2, 5, "Cannot lose them"), (2, 3, "At risk"),
    (1, 4, "At risk"), (1, 1, "Hibernating"), (2, 2, "Hibernating"),
]  # fmt: skip


@pytest.mark.parametrize(("recency", "frequency", "name"), NAMED)
def test_rule_6_names(recency: int, frequency: int, name: str) -> None:
    assert group_of(recency, frequency) == name


def test_rule_6_each_pair_of_scores_has_one_name() -> None:
    pairs = [
        (recency, frequency)
        for group in GROUPS
        for recency in range(group.recency[0], group.recency[1] + 1)
        for frequency in range(group.frequency[0], group.frequency[1] + 1)
    ]
    assert sorted(pairs) == [(recency, frequency) for recency in range(1, 6) for frequency in range(1, 6)]


def test_rule_6_groups_have_usable_rules_and_share_everybody_who_ordered() -> None:
    behaviours = [behaviour(number, {ORDER: [number] * (1 + number % 7)}) for number in range(60)]
    behaviours.append(behaviour(60, {NAMES[1]: [1]}))
    groups = rfm_groups(behaviours, ORDER, None, MOMENT)
    assert np.sum([one.members for one in groups], axis=0).tolist() == [1] * 60 + [0]
    for group in groups:
        parse_predicate(group.rule)
    (champions,) = [one for one in groups if one.name == "Champions"]
    assert champions.rule == {
        "all": [
            rules.did_within(ORDER, MOMENT, 12),
            rules.did(ORDER, 5),
        ]
    }


def test_rule_4_windows_move_with_time_unless_the_data_are_old() -> None:
    assert moment_of(NOW, NOW - timedelta(days=6)) == Moment(NOW)
    assert moment_of(NOW, None) == Moment(NOW)
    old = moment_of(NOW, NOW - timedelta(days=40, hours=5))
    assert old == Moment(NOW - timedelta(days=40), live=False)
    assert MOMENT.range(30) == {"within": "P30D"}
    assert old.range(60, until=30) == {"since": "2026-02-21T00:00:00Z", "until": "2026-03-23T00:00:00Z"}


@pytest.mark.parametrize(("value", "shown"), [(0, 0), (1234.5, 1200), (0.0123, 0.012), (97, 97), (-151, -150)])
def test_rule_5_numbers_are_as_people_write_them(value: float, shown: float) -> None:
    assert readable(value) == shown


@pytest.mark.parametrize("live", [True, False])
def test_rule_9_rising_and_lapsing(live: bool) -> None:
    moment = Moment(NOW, live)
    rising = [behaviour(number, {ORDER: [1, 2, 3, 4, 40]}) for number in range(10)]
    lapsing = [behaviour(10 + number, {ORDER: [5, 31, 33, 35, 40]}) for number in range(10)]
    steady = [behaviour(20 + number, {ORDER: [1, 9, 22, 31, 43, 55]}) for number in range(10)]
    more, less = moving_groups([*rising, *lapsing, *steady], ORDER, moment)
    assert (more.name[:6], less.name[:7]) == ("Rising", "Lapsing")
    assert np.flatnonzero(more.members).tolist() == list(range(10))
    assert np.flatnonzero(less.members).tolist() == list(range(10, 20))
    for group in (more, less):
        parse_predicate(group.rule)
    assert "until" in str(more.rule) or live


def test_rule_9_the_window_is_one_in_which_something_happens() -> None:
    often = [behaviour(number, {ORDER: list(range(14))}) for number in range(5)]
    seldom = [behaviour(number, {ORDER: [3, 40, 80, 130]}) for number in range(5)]
    assert window_of(often, ORDER) == 7
    assert window_of(seldom, ORDER) == 90
    assert [counts.tolist() for counts in counts_in(seldom[:1], ORDER, 30)] == [[1], [1]]


def test_rule_6_who_spends_most() -> None:
    behaviours = [behaviour(number, {ORDER: [3] * (number + 1)}) for number in range(20)]
    found = {one.name: one for one in rfm_groups(behaviours, ORDER, Amount(ORDER, "total"), MOMENT)}
    spenders = found["Big spenders"]
    assert np.flatnonzero(spenders.members).tolist() == [16, 17, 18, 19]
    assert spenders.rule == rules.spent(ORDER, "total", "gte", 170)
