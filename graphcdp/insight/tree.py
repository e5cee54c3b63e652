"""From a group to a rule that people can read and edit: a small decision tree. Source: docs/discovery.md, rule 8.

CART (Breiman, Friedman, Olshen, Stone: Classification and Regression Trees, 1984) of scikit-learn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from graphcdp.insight import rules
from graphcdp.insight.columns import Column
from graphcdp.insight.rules import Rule

DEPTH_MAX = 3
LEAVES_MAX = 6
NODES_MAX = 20
HISTORIES_MAX = 5
"""Tests of events in one rule: the database takes longer to plan each than the last."""
LEAF_SHARE_MIN = 0.01
LEAF_MIN = 5


_Step: TypeAlias = tuple[int, float, bool]
"""Column, threshold, and whether it is at least that."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """Steps to a leaf, and how many members and others end there."""

    steps: tuple[_Step, ...]
    members: float
    others: float


def rule_of(members: np.ndarray, columns: Sequence[Column], seed: int) -> Rule | None:
    """The rule that tells these members from the others; None when no small tree does."""
    from sklearn.tree import DecisionTreeClassifier

    usable = [column for column in columns if column.test is not None]
    if not usable or not members.any() or members.all():
        return None
    classifier = DecisionTreeClassifier(
        max_depth=DEPTH_MAX,
        max_leaf_nodes=LEAVES_MAX,
        min_samples_leaf=max(LEAF_MIN, int(LEAF_SHARE_MIN * len(members))),
        random_state=seed,
    )
    classifier.fit(np.column_stack([column.values for column in usable]), members)
    leaves = [leaf for leaf in _leaves(classifier.tree_) if leaf.members > leaf.others]
    branches: list[Rule] = []
    for leaf in sorted(leaves, key=lambda leaf: (-leaf.members, leaf.steps)):
        branch = rules.all_of(list(_tests(leaf, usable)))
        whole = rules.any_of([*branches, branch])
        if rules.nodes_in(whole) <= NODES_MAX and rules.histories_in(whole) <= HISTORIES_MAX:
            branches.append(branch)
    return rules.any_of(branches) if branches else None


def _leaves(tree: Any, node: int = 0, steps: tuple[_Step, ...] = ()) -> Iterator[_Leaf]:
    """The leaves of the tree; what has only leaves of members below it is one itself."""
    others, members = (float(part) * tree.n_node_samples[node] for part in tree.value[node][0])
    left, right = tree.children_left[node], tree.children_right[node]
    if left == right:
        yield _Leaf(steps, members, others)
        return
    place, threshold = int(tree.feature[node]), float(tree.threshold[node])
    below = [
        *_leaves(tree, left, (*steps, (place, threshold, False))),
        *_leaves(tree, right, (*steps, (place, threshold, True))),
    ]
    if all(leaf.members > leaf.others for leaf in below):
        yield _Leaf(steps, members, others)
    else:
        yield from below


def _tests(leaf: _Leaf, columns: Sequence[Column]) -> Iterator[Rule]:
    """The tests on the way to a leaf; of several on one side of a column the last, which is the narrowest."""
    narrowest = {(place, least): threshold for place, threshold, least in leaf.steps}
    for (place, least), threshold in sorted(narrowest.items()):
        column = columns[place]
        assert column.test is not None
        rule = column.test(column.round(threshold), least)
        if rule is not None:
            yield rule
