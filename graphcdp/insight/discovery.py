"""All groups that are found in what customers did. Source: docs/discovery.md, rules 1, 3 and 10."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphcdp.insight.behaviour import Behaviour
from graphcdp.insight.clusters import Clustering, clustering_of
from graphcdp.insight.columns import Amount, Column, chosen, columns_of
from graphcdp.insight.facts import Distinction, Facts, distinctions, facts_of, shares
from graphcdp.insight.movement import moving_groups
from graphcdp.insight.proposals import Group, Measured, measured, proposed, rated
from graphcdp.insight.rfm import rfm_groups
from graphcdp.insight.rules import Moment
from graphcdp.insight.tree import rule_of
from graphcdp.model.predicates import ANY_NAME

SEED = 20_260_101
"""Of everything here that chooses by chance, so that the same data give the same groups."""
NAMED_BY = 3
NAME_LENGTH_MAX = 100
DISTINCTIONS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look for.

    features: names of traits and events, None for all. minimum_share: smallest
    share of a group. amount: the property that holds amounts; None when there is none.
    """

    names: tuple[str, ...]
    amount: Amount | None
    moment: Moment
    features: tuple[str, ...] | None = None
    count: int = 5
    minimum_share: float = 0.01
    seed: int = SEED

    @property
    def main(self) -> str:
        """The event of which recency and frequency are told: the one with amounts, else all."""
        return self.amount.event if self.amount is not None else ANY_NAME

    def wants(self, *names: str) -> bool:
        """Whether one of these may be looked at."""
        return self.features is None or any(name in self.features for name in names)


@dataclass(frozen=True, slots=True)
class Found:
    """Groups, with the columns by which they are rated. clustering: None when there was too little to look at."""

    groups: tuple[Group, ...]
    columns: tuple[Column, ...]
    clustering: Clustering | None


def groups_in(behaviours: Sequence[Behaviour], asked: Asked) -> Found:
    """The groups in these customers, each with a rule about them. Seconds of work."""
    if not behaviours:
        return Found((), (), None)
    columns = columns_of(behaviours, asked.names, asked.amount, asked.moment)
    groups: list[Group] = []
    if asked.wants(asked.main, *(asked.names if asked.main == ANY_NAME else ())):
        groups += rfm_groups(behaviours, asked.main, asked.amount, asked.moment)
        groups += moving_groups(behaviours, asked.main, asked.moment)
    looked_at = chosen(columns, asked.features)
    clustering = clustering_of(looked_at, asked.minimum_share, asked.seed)
    if clustering is not None and clustering.real:
        groups += _clusters(clustering, looked_at, asked.seed)
    return Found(tuple(groups), tuple(columns), clustering)


def best_of(found: Found, selected: Sequence[np.ndarray], asked: Asked) -> list[Measured]:
    """The groups to propose, best first. selected: whom the rule of each group selects in fact."""
    every = [rated(measured(group, who), found.columns) for group, who in zip(found.groups, selected, strict=True)]
    return proposed(every, asked.count, asked.minimum_share)


def told_apart(
    behaviours: Sequence[Behaviour], groups: Sequence[np.ndarray], asked: Asked
) -> list[tuple[Distinction, ...]]:
    """What sets each of these groups apart from the other customers."""
    facts = _facts(behaviours, asked)
    return [
        distinctions(
            shares([one for one, inside in zip(behaviours, group, strict=True) if inside], facts),
            facts.share_by_fact,
            int(group.sum()),
            len(behaviours),
            DISTINCTIONS,
        )
        for group in groups
    ]


def _facts(behaviours: Sequence[Behaviour], asked: Asked) -> Facts:
    amount = None if asked.amount is None else (asked.amount.event, asked.amount.path)
    return facts_of(behaviours, asked.names, amount, asked.moment)


def _clusters(clustering: Clustering, columns: Sequence[Column], seed: int) -> list[Group]:
    found = []
    for label in range(clustering.count):
        members = clustering.labels == label
        rule = rule_of(members, columns, seed)
        if rule is not None:
            found.append(Group(_name(members, columns), rule, members, "cluster", clustering.stability))
    return found


def _name(members: np.ndarray, columns: Sequence[Column]) -> str:
    """In words, by the columns in which the members differ most from all."""
    means = [(float(column.compared[members].mean()), column) for column in columns]
    means.sort(key=lambda one: (-abs(one[0]), one[1].name))
    told: dict[str, str] = {}
    for mean, column in means:
        told.setdefault(column.about, column.words[0 if mean > 0 else 1])
    text = ", ".join(list(told.values())[:NAMED_BY])
    return (text[:1].upper() + text[1:])[:NAME_LENGTH_MAX]
