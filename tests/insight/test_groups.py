"""docs/discovery.md, rules 7 to 15: planted groups are found, and none where there are none."""

import numpy as np
import pytest

from graphcdp.insight.clusters import STABILITY_MIN, clustering_of
from graphcdp.insight.columns import Amount, chosen, columns_of
from graphcdp.insight.discovery import Asked, groups_in
from graphcdp.insight.facts import distinctions, facts_of, shares
from graphcdp.insight.rules import histories_in, nodes_in
from graphcdp.insight.tree import HISTORIES_MAX, NODES_MAX, rule_of
from graphcdp.model.predicates import parse_predicate
from tests.insight.population import GROUPS, MOMENT, NAMES, planted, shares_of, without_groups

ASKED = Asked(NAMES, Amount(NAMES[0], "total"), MOMENT)


def test_rule_7_planted_groups_are_found() -> None:
    behaviours, groups = planted()
    found = groups_in(behaviours, ASKED)
    assert found.clustering is not None
    assert found.clustering.real
    assert found.clustering.stability >= STABILITY_MIN
    clusters = [group for group in found.groups if group.origin == "cluster"]
    told = set()
    for cluster in clusters:
        counts = shares_of(groups, cluster.members)
        group, most = counts.most_common(1)[0]
        if group:
            told.add(group)
            assert most >= 0.8 * counts.total(), cluster.name
            assert most >= 0.9 * groups.count(group), cluster.name
    assert told == set(GROUPS)


def test_rule_7_no_groups_are_found_where_there_are_none() -> None:
    found = groups_in(without_groups(), ASKED)
    assert found.clustering is not None
    assert not found.clustering.real
    assert not [group for group in found.groups if group.origin == "cluster"]


def test_rule_7_what_is_chance_alone_is_no_group() -> None:
    behaviours = without_groups()
    random = np.random.default_rng(3)
    columns = chosen(columns_of(behaviours, NAMES, None, MOMENT), None)
    # Each number as it is, but of no customer in particular.
    mixed = [
        type(one)(one.name, one.words, random.permutation(one.values), one.test, one.round, one.about)
        for one in columns
    ]
    found = clustering_of(mixed, 0.01, seed=4)
    assert found is not None
    assert not found.real


def test_rule_3_the_same_data_give_the_same_groups() -> None:
    behaviours, _ = planted()
    once, again = groups_in(behaviours, ASKED), groups_in(behaviours, ASKED)
    assert [(group.name, group.rule) for group in once.groups] == [(group.name, group.rule) for group in again.groups]
    assert all((one.members == other.members).all() for one, other in zip(once.groups, again.groups, strict=True))


def test_rule_8_rules_are_small_and_can_be_used() -> None:
    behaviours, groups = planted()
    columns = columns_of(behaviours, NAMES, Amount(NAMES[0], "total"), MOMENT)
    for group in GROUPS:
        rule = rule_of(np.array([one == group for one in groups]), columns, seed=1)
        assert rule is not None
        parse_predicate(rule)
        assert nodes_in(rule) <= NODES_MAX
        assert histories_in(rule) <= HISTORIES_MAX


def test_rule_8_leaves_side_by_side_are_one_test() -> None:
    behaviours, _ = planted()
    columns = [one for one in columns_of(behaviours, NAMES, None, MOMENT) if one.name == f"times of {NAMES[0]}"]
    much = columns[0].values >= 6
    assert rule_of(much, columns, seed=1) == {"did": {"event": {"name": NAMES[0]}, "times": {"atLeast": 6}}}


def test_rule_13_what_sets_a_group_apart() -> None:
    behaviours, groups = planted()
    facts = facts_of(behaviours, NAMES, (NAMES[0], "total"), MOMENT)
    shoppers = [one for one, group in zip(behaviours, groups, strict=True) if group == "shoppers"]
    told = distinctions(shares(shoppers, facts), facts.share_by_fact, len(shoppers), len(behaviours), 20)
    by_text = {one.text: one for one in told}
    assert by_text["plan = pro"].share == 1.0
    assert by_text["plan = pro"].lift > 50  # nobody else has it
    assert any(text.startswith("did Order Completed at least") for text in by_text)
    assert all(one.lift < 1 for text, one in by_text.items() if text.startswith("did Page Viewed"))


def test_rule_13_a_group_like_all_others_has_nothing_that_sets_it_apart() -> None:
    behaviours, _ = planted()
    facts = facts_of(behaviours, NAMES, None, MOMENT)
    some = behaviours[::2]
    assert distinctions(shares(some, facts), facts.share_by_fact, len(some), len(behaviours), 20) == ()


@pytest.mark.parametrize("size", [0, 1, 10])
def test_a_few_customers_are_no_population(size: int) -> None:
    behaviours, _ = planted()
    assert not [group for group in groups_in(behaviours[:size], ASKED).groups if group.origin == "cluster"]
