"""Whose each identifier is: unions over the whole input, and where rules may object, the rules' own decision.

While nothing of a component is over its limit, no message of it can have been
refused on the way, for counts only grow: then the order of messages does not
matter, and the component is one customer. The others are decided message by
message (replay.py). Source: docs/identity.md, rules 4 to 6.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphcdp.bulk.messages import Keys, Messages
from graphcdp.model.problems import ProblemCode
from graphcdp.resolve.facts import CustomerFacts, LinkFacts
from graphcdp.resolve.limits import CustomerLimits
from graphcdp.resolve.rules import IdentityRules, MergeMode
from graphcdp.resolve.traits import Stamped
from graphcdp.resolve.writes import Refusal

NOBODY = -1


@dataclass(slots=True)
class Decided:
    """What replaying components gave.

    links: of those components. facts: of their customers, by number. traits: of their
    identifiers, by number. refusals: with the ordinal of the message. linked_at: ordinal
    of the message that last made evidence, by pair. warnings: of all kinds.
    """

    links: list[LinkFacts] = field(default_factory=list)
    traits: dict[int, dict[str, Stamped]] = field(default_factory=dict)
    warnings: Counter[ProblemCode] = field(default_factory=Counter)
    facts: dict[int, CustomerFacts] = field(default_factory=dict)
    refusals: list[tuple[int, Refusal]] = field(default_factory=list)
    linked_at: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class Partition:
    """customer: number of the customer of each identifier, NOBODY when it is not kept. customers: how many."""

    customer: Any
    customers: int
    decided: Decided


def components(keys: Keys, messages: Messages) -> Any:
    """The component of each identifier, by the messages that are kept."""
    whose = messages.whose
    subject = messages.subject[whose]
    edge = messages.kept[whose] & (subject != messages.named)
    ones = np.ones(int(edge.sum()), np.int8)
    graph = coo_array((ones, (subject[edge], messages.named[edge])), shape=(len(keys), len(keys)))
    _, label = connected_components(graph, directed=False)
    return label


def contested(keys: Keys, messages: Messages, label: Any, rules: IdentityRules, limits: CustomerLimits) -> Any:
    """Which components must be decided message by message. Limits on traits aside, which `crowded` looks at."""
    count = int(label.max()) + 1 if len(label) else 0
    found = np.zeros(count, bool)
    if not count:
        return found
    kinds = len(keys.kinds)
    used = np.zeros(len(keys), bool)
    whose = messages.whose
    used[messages.named[messages.kept[whose]]] = True
    per_kind = np.bincount(label[used].astype(np.int64) * kinds + keys.kind[used], minlength=count * kinds).reshape(
        count, kinds
    )
    if limits.identifiers_max is not None:
        found |= per_kind.sum(axis=1) > limits.identifiers_max
    for number, kind in enumerate(keys.kinds):
        limit = None if rules.merge is MergeMode.ALWAYS else rules.limit(kind)
        if limit is not None:
            found |= per_kind[:, number] > limit
    if rules.merge is MergeMode.NEVER:
        found |= _begun(messages, label, count, len(keys), whose) > 1
    return found


def crowded(messages: Messages, label: Any, traits_max: int) -> Any:
    """Which components have more names of traits than one customer may have."""
    names: dict[int, set[str]] = {}
    component = label[messages.subject]
    for row, text in messages.traits():
        if messages.kept[row]:
            names.setdefault(int(component[row]), set()).update(orjson.loads(text))
    found = np.zeros(int(label.max()) + 1, bool)
    found[[number for number, some in names.items() if len(some) > traits_max]] = True
    return found


def _begun(messages: Messages, label: Any, count: int, identifiers: int, whose: Any) -> Any:
    """How many messages of each component name only what no message named before: each begins a customer."""
    first = np.full(identifiers, np.iinfo(np.int64).max)
    kept = messages.kept[whose]
    np.minimum.at(first, messages.named[kept], messages.ordinal[whose[kept]])
    known = np.zeros(len(messages), bool)
    known[whose[first[messages.named] < messages.ordinal[whose]]] = True
    begins = messages.kept & ~known
    return np.bincount(label[messages.subject[begins]], minlength=count)


def numbered(owner: Any, keys: Keys, messages: Messages) -> tuple[Any, int]:
    """Owners numbered anew, without gaps, in the order in which their identifiers were first named.

    owner: of each identifier; NOBODY for those that are not kept.
    """
    first = np.full(len(keys), np.iinfo(np.int64).max)
    whose = messages.whose
    kept = messages.kept[whose]
    np.minimum.at(first, messages.named[kept], messages.ordinal[whose[kept]])
    there = owner != NOBODY
    count = int(owner.max()) + 1 if len(owner) else 0
    begun = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(begun, owner[there], first[there])
    living = np.flatnonzero(begun != np.iinfo(np.int64).max)
    order = living[np.argsort(begun[living], kind="stable")]
    number = np.full(count + 1, NOBODY, np.int64)
    number[order] = np.arange(len(order))
    return number[owner], len(order)
