"""docs/segments.md, rule 9: a write concerns the segments whose rules mention what changed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from graphcdp.model.changes import Change, Created, EventRecorded, IdentifierMoved, Merged, TraitChange, TraitsChanged
from graphcdp.model.predicates import parse_predicate
from graphcdp.segment.concern import Seen, Touched, concerned, touched_by
from graphcdp.segment.definitions import Definition

AT = datetime(2026, 1, 1, tzinfo=UTC)
RULES: dict[str, Any] = {
    "plan": {"trait": {"path": "plan", "is": {"eq": "pro"}}},
    "city": {"trait": {"path": "address.city", "is": {"eq": "Hue"}}},
    "buyers": {"did": {"event": {"name": "Order"}}},
    "no_buyers": {"not": {"did": {"event": {"name": "Order"}}}},
    "either": {"any": [{"trait": {"path": "plan", "is": {"eq": "x"}}}, {"did": {"event": {"name": "Click"}}}]},
    "mail": {"hasIdentifier": "email"},
    "lately": {"lastSeen": {"within": "P7D"}},
    "early": {"firstSeen": {"until": "2025-12-15"}},
    "busy": {"did": {"event": {"name": "*"}, "times": {"atLeast": 2}}},
    "spent": {
        "aggregate": {"event": {"name": "Order"}, "property": "total", "measure": "SUM", "is": {"gt": 9}},
    },
    "carts": {"didInOrder": {"steps": [{"name": "Cart"}, {"name": "Order"}], "without": {"name": "Return"}}},
    "devices": {"identifiers": {"kind": "device", "times": {"atLeast": 2}}},
    "both": {"all": [{"inSegment": {"key": "plan"}}, {"hasIdentifier": "email"}]},
}


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SEEN_BY_KIND: dict[str, Callable[[str], tuple[Seen, Seen] | None]] = {
    "seen": lambda at: (Seen(None, None), Seen(AT, day(at))),
    "again": lambda before: (Seen(day("2025-12-20"), day(before)), Seen(day("2025-12-20"), AT)),
    "late": lambda at: (Seen(day("2025-12-20"), AT), Seen(day(at), AT)),
}
ORDERED = [
    Definition(f"seg_{key}", key, parse_predicate(rule), building=False, version=1, edited=AT)
    for key, rule in RULES.items()
]
TABLE = """
touched         | concerned
nothing         |
trait plan      | plan either both
trait address   | city
trait address.city | city
trait other     |
event Order     | buyers no_buyers busy spent carts
event Click     | either busy
event Cart      | busy carts
event Return    | busy carts
seen 2026-01-01 | lately
seen 2025-12-25 | lately
seen 2025-12-24 |
again 2025-12-30 |
again 2025-12-20 | lately
late 2025-12-01 | early
created         | no_buyers spent devices
identifiers     | mail devices both
anything        | plan city buyers no_buyers either mail lately early busy spent carts devices both
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines()[1:])
def test_what_is_concerned(row: str) -> None:
    told, _, expected = row.partition("|")
    kind, _, name = told.strip().partition(" ")
    one = Touched(
        {name} if kind == "trait" else set(),
        {name} if kind == "event" else set(),
        SEEN_BY_KIND.get(kind, lambda _: None)(name),
        **({kind: True} if kind in ("created", "identifiers", "anything") else {}),
    )
    found = [one.definition.key for one in concerned(ORDERED, {"c1": one}, AT) if one.customer_ids == ["c1"]]
    assert found == expected.split()


def test_of_whom_only_more_events_came() -> None:
    touched = {
        "c1": Touched(events={"Click"}),
        "c2": Touched(traits={"plan"}, events={"Click"}),
        "c3": Touched(events={"Click"}, anything=True),
        "c4": Touched(traits={"city"}, events={"Click"}),
    }
    grown = {one.definition.key: one.grown for one in concerned(ORDERED, touched, AT)}
    assert grown["either"] == {"c1", "c4"}
    assert grown["plan"] == set()
    assert grown["busy"] == {"c1", "c2", "c4"}


def test_each_segment_is_asked_for_those_whom_it_may_move() -> None:
    touched = {"c2": Touched(traits={"plan"}), "c1": Touched(events={"Order"})}
    found = {one.definition.key: one.customer_ids for one in concerned(ORDERED, touched, AT)}
    assert found == {
        "plan": ["c2"],
        "buyers": ["c1"],
        "no_buyers": ["c1"],
        "busy": ["c1"],
        "spent": ["c1"],
        "carts": ["c1"],
        "either": ["c2"],
        "both": ["c2"],
    }


def test_what_changes_tell() -> None:
    changes: list[Change] = [
        Created("c1"),
        IdentifierMoved("c1", "user:u1"),
        IdentifierMoved("c6", "user:u6"),
        IdentifierMoved("c7", "user:u7", removed=True),
        TraitsChanged("c2", (TraitChange("plan", None, "pro"),)),
        EventRecorded("c2", "e1", "Order", "user:u1"),
        Merged("c3", "c9", "mrg_1"),
        EventRecorded("c9", "e2", "Order", "user:u9"),
    ]
    before = {f"c{number}": Seen(AT, AT) for number in range(2, 8)}
    after = {"c1": Seen(AT, AT), **before, "c4": Seen(AT, day("2026-01-02"))}
    assert touched_by(after, before, changes, ["c5", "c8"], {"user:u1", "user:u7"}) == {
        "c1": Touched(seen=(Seen(None, None), Seen(AT, AT)), created=True, identifiers=True),
        "c2": Touched({"plan"}, {"Order"}),
        "c3": Touched(anything=True),
        "c4": Touched(seen=(before["c4"], after["c4"])),
        "c5": Touched(anything=True),
        "c6": Touched(anything=True),
        "c7": Touched(anything=True),
    }
