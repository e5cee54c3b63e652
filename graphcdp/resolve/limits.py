"""How much one customer may have, whatever the kinds allow. Source: docs/sources.md, rules 14 and 15."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphcdp.model.identifiers import Identifier
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.resolve.group import Group
from graphcdp.resolve.ledger import Ledger
from graphcdp.resolve.traits import Stamped

NAMES_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class CustomerLimits:
    """traits_max: names of traits, those that were unset included. identifiers_max: of all kinds. None: no limit."""

    traits_max: int | None = None
    identifiers_max: int | None = None


NO_LIMITS = CustomerLimits()


def crowded_out(
    identifier: Identifier, group: Group, ledger: Ledger, limits: CustomerLimits, *, alone: bool
) -> Problem | None:
    """Why there is no room in the group for the identifier, with all of its customer; None when there is.

    alone: it comes without its customer.
    """
    most = limits.identifiers_max
    if most is None:
        return None
    owner = ledger.owner(identifier)
    if owner is not None and group.holds(owner):
        return None
    coming = 1 if owner is None or alone else sum(ledger.customer(owner).counts.values())
    total = len(group.loose) + sum(sum(customer.counts.values()) for customer in group.customers) + coming
    if total <= most:
        return None
    return Problem(
        ProblemCode.FULL,
        f"The {identifier.kind} was left out: with it the customer would have {total} identifiers, and the most that "
        f"anybody may have is {most} (GRAPHCDP_CUSTOMER_IDENTIFIERS_MAX).",
        limit=most,
        actual=total,
    )


def traits_with_room(
    stated: dict[str, Stamped], known: Mapping[str, Stamped], limits: CustomerLimits
) -> tuple[dict[str, Stamped], Problem | None]:
    """What a message states about traits as far as there is room for new names, and what is told of the rest.

    known: what the customer has, unset ones included, since these are remembered.
    """
    most = limits.traits_max
    if most is None or len(known) + len(stated) <= most:
        return stated, None
    room = most - len(known)
    kept: dict[str, Stamped] = {}
    left_out: list[str] = []
    for name, stamped in stated.items():
        if name in known:
            kept[name] = stamped
        elif room > 0:
            kept[name] = stamped
            room -= 1
        else:
            left_out.append(name)
    if not left_out:
        return stated, None
    named = ", ".join(left_out[:NAMES_SHOWN_MAX]) + (" and others" if len(left_out) > NAMES_SHOWN_MAX else "")
    return kept, Problem(
        ProblemCode.FULL,
        f"{len(left_out)} traits were left out ({named}): the most names that anybody may have is {most} "
        f"(GRAPHCDP_CUSTOMER_TRAITS_MAX), those that were unset included. Send new values under names that are known.",
        ("traits",),
        limit=most,
        actual=len(known) + len(stated.keys() - known.keys()),
    )
