"""What uniting customers would do, decided as for a merge but without anything to write.

Source: docs/identity.md, rules 4, 5, 7 and 10.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphcdp.model.identifiers import Identifier
from graphcdp.model.problems import Problem
from graphcdp.resolve.facts import CustomerFacts, IdentifierFacts, Known, Pair
from graphcdp.resolve.group import Group, objection, seniority
from graphcdp.resolve.ledger import Ledger
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.traits import latest


@dataclass(frozen=True, slots=True)
class TraitConflict:
    """A trait on which customers differ. kept: the value that wins, None when that is to unset it."""

    name: str
    kept: Any
    dropped: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class MergeOutlook:
    """What a merge would do.

    survivor, absorbed: ids, in the order in which rule 5 prefers them. objections:
    why the rules or a cut would refuse, each with the id of the absorbed customer.
    """

    survivor: str
    absorbed: tuple[str, ...]
    conflicts: tuple[TraitConflict, ...]
    objections: tuple[tuple[str, Problem], ...]


def preview_merge(
    customers: Sequence[CustomerFacts],
    strongest: Mapping[str, Identifier],
    cuts: frozenset[Pair],
    rules: IdentityRules,
    now: datetime,
) -> MergeOutlook:
    """What uniting these customers, two or more, would do.

    strongest: by customer, the identifier that evidence by hand would tie. cuts:
    pairs of these that were cut and not allowed again. Each objection is to
    uniting one more customer with those before it that were not refused.
    """
    ordered = sorted(customers, key=lambda customer: seniority(customer, rules))
    ledger = Ledger(_known(ordered, strongest, cuts), _NoIds())
    first, *others = ordered
    subject = strongest[first.id]
    group = Group(now)
    group.join(subject, ledger)
    objections = []
    for other in others:
        problem = objection(strongest[other.id], subject, group, ledger, rules)
        if problem is None:
            group.join(strongest[other.id], ledger)
        else:
            objections.append((other.id, problem))
    return MergeOutlook(
        survivor=first.id,
        absorbed=tuple(other.id for other in others),
        conflicts=trait_conflicts(ordered),
        objections=tuple(objections),
    )


def trait_conflicts(customers: Sequence[CustomerFacts]) -> tuple[TraitConflict, ...]:
    """Traits of which customers have different values, by name; dropped values latest first, each once."""
    kept = latest(*(customer.traits for customer in customers))
    found = []
    for name in sorted(kept):
        stated = [customer.traits[name] for customer in customers if name in customer.traits]
        dropped: list[Any] = []
        for other in sorted(stated, key=lambda one: one.stamp, reverse=True):
            known = (None, kept[name].value, *dropped)
            if not any(_same(other.value, value) for value in known):
                dropped.append(other.value)
        if dropped:
            found.append(TraitConflict(name, kept[name].value, tuple(dropped)))
    return tuple(found)


def _same(one: Any, other: Any) -> bool:
    # To Python True is 1, to JSON it is not.
    return type(one) is type(other) and bool(one == other)


def _known(customers: Sequence[CustomerFacts], strongest: Mapping[str, Identifier], cuts: frozenset[Pair]) -> Known:
    identifiers = {
        strongest[customer.id].key: IdentifierFacts(strongest[customer.id], "", customer.id) for customer in customers
    }
    return Known(identifiers, {customer.id: customer for customer in customers}, cuts=cuts)


class _NoIds:
    """Nothing is made while looking ahead."""

    def _made(self) -> str:
        raise AssertionError("a preview makes nothing")

    customer = identifier = link = merge = _made
