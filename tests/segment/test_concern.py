"""docs/segments.md, rule 9: a write concerns the segments whose rules mention what changed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from graphcdp.model.changes import Change, Created, EventRecorded, Merged, TraitChange, TraitsChanged
from graphcdp.model.predicates import parse_predicate
from graphcdp.segment.concern import Touched, concerned, touched_by
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
    "busy": {"did": {"event": {"name": "*"}, "times": {"atLeast": 2}}},
    "spent": {
        "aggregate": {"event": {"name": "Order"}, "property": "total", "measure": "SUM", "is": {"gt": 9}},
    },
    "carts": {"didInOrder": {"steps": [{"name": "Cart"}, {"name": "Order"}], "without": {"name": "Return"}}},
    "devices": {"identifiers": {"kind": "device", "times": {"atLeast": 2}}},
    "both": {"all": [{"inSegment": {"key": "plan"}}, {"hasIdentifier": "email"}]},
}
ORDERED = [
    Definition(f"seg_{key}", key, parse_predicate(rule), building=False, version=1, edited=AT)
    for key, rule in RULES.items()
]
TABLE = """
touched         | concerned
nothing         | lately
trait plan      | plan either lately both
trait address   | city lately
trait address.city | city lately
trait other     | lately
event Order     | buyers no_buyers lately busy spent carts
event Click     | either lately busy
event Cart      | lately busy carts
event Return    | lately busy carts
anything        | plan city buyers no_buyers either mail lately busy spent carts devices both
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines()[1:])
def test_what_is_concerned(row: str) -> None:
    told, _, expected = row.partition("|")
    kind, _, name = told.strip().partition(" ")
    one = Touched(
        {name} if kind == "trait" else set(), {name} if kind == "event" else set(), anything=kind == "anything"
    )
    found = [definition.key for definition, ids in concerned(ORDERED, {"c1": one}) if ids == ["c1"]]
    assert found == expected.split()


def test_each_segment_is_asked_for_those_whom_it_may_move() -> None:
    touched = {"c2": Touched(traits={"plan"}), "c1": Touched(events={"Order"})}
    found = {definition.key: ids for definition, ids in concerned(ORDERED, touched)}
    assert found == {
        "plan": ["c2"],
        "buyers": ["c1"],
        "no_buyers": ["c1"],
        "busy": ["c1"],
        "spent": ["c1"],
        "carts": ["c1"],
        "either": ["c2"],
        "lately": ["c1", "c2"],
        "both": ["c2"],
    }


def test_what_changes_tell() -> None:
    changes: list[Change] = [
        Created("c1"),
        TraitsChanged("c2", (TraitChange("plan", None, "pro"),)),
        EventRecorded("c2", "e1", "Order", "user:u1"),
        Merged("c3", "c9", "mrg_1"),
        EventRecorded("c9", "e2", "Order", "user:u9"),
    ]
    assert touched_by(["c1", "c2", "c3", "c4", "c5"], changes, ["c5", "c8"]) == {
        "c1": Touched(anything=True),
        "c2": Touched({"plan"}, {"Order"}),
        "c3": Touched(anything=True),
        "c4": Touched(),
        "c5": Touched(anything=True),
    }
