"""docs/webhooks.md, rules 4 to 6, 9, 11 and 20 to 24, without a graph."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.deliver.backoff import DELIVERY, Backoff
from graphcdp.deliver.lanes import Waiting, cursor_of, next_due, ready
from graphcdp.deliver.shape import TYPE_BY_KIND, public_change
from graphcdp.model.change_filter import ChangeFilter, customers_of
from graphcdp.model.changes import (
    Change,
    ChangeKind,
    ConsentChanged,
    Created,
    Erased,
    EventRecorded,
    IdentifierMoved,
    Merged,
    Part,
    SegmentEntered,
    SegmentExited,
    Sequenced,
    Split,
    TraitChange,
    TraitsChanged,
)
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.read.feed import number_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def waiting(seq: int, *customers: str, next_s: float | None = None, stored: bool = False) -> Waiting:
    when = None if next_s is None else NOW + timedelta(seconds=next_s)
    return Waiting(seq, "EVENT", customers, NOW, next=when, stored=stored)


def test_rule_9_each_customer_in_order_and_none_holds_another_up() -> None:
    queue = [waiting(1, "a", next_s=60), waiting(2, "a"), waiting(3, "b"), waiting(4, "b"), waiting(5, "c")]
    assert [one.seq for one in ready(queue, (), NOW, 10)] == [3, 5]
    assert [one.seq for one in ready(queue, {3}, NOW, 10)] == [5]
    assert [one.seq for one in ready(queue, (), NOW + timedelta(seconds=60), 2)] == [1, 3]
    assert next_due(queue, ()) == NOW + timedelta(seconds=60)
    assert ready(queue, (), NOW, 0) == []


def test_rule_9_a_merge_waits_for_both_and_both_wait_for_it() -> None:
    queue = [waiting(1, "b", next_s=60), waiting(2, "a", "b"), waiting(3, "a"), waiting(4, "c")]
    assert [one.seq for one in ready(queue, (), NOW, 10)] == [4]


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3), max_size=30), st.randoms())
def test_rule_9_whatever_ends_first_no_customer_sees_another_order(lists: list[list[str]], random: Random) -> None:
    queue = {seq: waiting(seq, *customers) for seq, customers in enumerate(lists, 1)}
    told: list[int] = []
    sending: list[int] = []
    while queue:
        sending += [one.seq for one in ready(queue.values(), sending, NOW, 3 - len(sending))]
        over = sending.pop(random.randrange(len(sending)))
        told.append(over)
        del queue[over]
    for customer in "abcd":
        of_customer = [seq for seq in told if customer in lists[seq - 1]]
        assert of_customer == sorted(of_customer)


def test_rule_7_the_cursor_stands_before_what_the_graph_does_not_know_of() -> None:
    assert cursor_of([], 9) == 9
    assert cursor_of([waiting(3, "a", stored=True), waiting(5, "b"), waiting(7, "c")], 9) == 4


def test_rule_11_waits_grow_up_to_a_limit_and_are_by_chance() -> None:
    assert [DELIVERY.limit_s(n) for n in range(1, 11)] == [
        5, 20, 80, 320, 1280, 5120, 20480, 21600, 21600, 21600,
    ]  # fmt: skip
    assert Backoff(first_s=10).wait_s(1, 0.25) == 2.5
    assert Backoff(first_s=10).wait_s(1, 0.25, asked_s=30) == 30
    assert Backoff(first_s=10, max_s=60).wait_s(1, 0.25, asked_s=1e9) == 60
    assert DELIVERY.limit_s(10**6) == 21600


ALL: list[Change] = [
    Created("cus_1"),
    IdentifierMoved("cus_1", "email:a@b.example", removed=True),
    Merged("cus_1", "cus_2", "mrg_1"),
    Split("cus_1", (Part("cus_3", "spl_1", ("user:u1",)),), "CUT"),
    TraitsChanged("cus_1", (TraitChange("plan", None, "gold"),)),
    EventRecorded("cus_1", "e1", "Paid", "user:u:1"),
    SegmentEntered("cus_1", "seg_1", "vip"),
    SegmentExited("cus_1", "seg_1", "vip"),
    ConsentChanged("cus_1", "user:u1", "ads", True, NOW, None, "form"),
    Erased("cus_1"),
]
DETAILS = {
    "CREATED": {},
    "IDENTIFIER": {"identifier": {"kind": "email", "value": "a@b.example"}, "removed": True},
    "MERGED": {"absorbedId": "cus_2", "mergeId": "mrg_1"},
    "SPLIT": {
        "parts": [{"customerId": "cus_3", "splitId": "spl_1", "identifiers": [{"kind": "user", "value": "u1"}]}],
        "cause": "CUT",
    },
    "TRAITS": {"traits": [{"name": "plan", "before": None, "after": "gold"}]},
    "EVENT": {"event": {"id": "e1", "name": "Paid"}, "identifier": {"kind": "user", "value": "u:1"}},
    "ENTERED": {"segment": {"id": "seg_1", "key": "vip"}},
    "EXITED": {"segment": {"id": "seg_1", "key": "vip"}},
    "CONSENT": {
        "identifier": {"kind": "user", "value": "u1"},
        "purpose": "ads",
        "granted": True,
        "at": "2026-01-01T00:00:00.000Z",
        "expiresAt": None,
        "source": "form",
    },
    "ERASED": {},
}


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.kind)
def test_rules_20_to_24_the_public_form_of_each_kind(change: Change) -> None:
    told = public_change(Sequenced(7, NOW, change))
    data = told["data"]
    assert (told["type"], told["timestamp"]) == (TYPE_BY_KIND[change.kind], "2026-01-01T00:00:00.000Z")
    assert number_of(data.pop("cursor")) == 7
    assert (data.pop("sequence"), data.pop("kind"), data.pop("customerId")) == (7, change.kind.value, "cus_1")
    assert data == DETAILS[change.kind]


def test_rule_24_what_an_erasure_took_out_is_null_and_said() -> None:
    told = public_change(Sequenced(7, NOW, EventRecorded("cus_1", None, None, None)))["data"]
    assert (told["event"], told["identifier"], told["redacted"]) == (None, None, True)


def test_all_kinds_have_a_public_name_and_a_test() -> None:
    assert set(TYPE_BY_KIND) == set(ChangeKind) == {change.kind for change in ALL}


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        ({}, set(ChangeKind)),
        ({"kinds": ["event", "MERGED"]}, {ChangeKind.EVENT, ChangeKind.MERGED}),
        ({"segments": ["vip"]}, {ChangeKind.ENTERED, ChangeKind.EXITED}),
        ({"segments": ["seg_1"], "kinds": ["ENTERED"]}, {ChangeKind.ENTERED}),
        ({"segments": ["other"]}, set()),
        ({"events": ["Paid"], "traits": ["plan"]}, {ChangeKind.EVENT, ChangeKind.TRAITS}),
        ({"events": ["Seen"], "traits": ["age"]}, set()),
        ({"events": ["Seen"], "kinds": ["EVENT", "CREATED"]}, {ChangeKind.CREATED}),
        ({"customers": ["cus_2"]}, {ChangeKind.MERGED}),
        ({"customers": ["cus_3"]}, {ChangeKind.SPLIT}),
    ],
)
def test_rule_4_what_passes(names: dict[str, list[str]], kinds: set[ChangeKind]) -> None:
    wanted = ChangeFilter.of(**names)
    assert {change.kind for change in ALL if wanted.passes(change)} == kinds
    assert ChangeFilter.from_json(wanted.to_json()) == wanted


def test_rule_5_bad_names_are_refused() -> None:
    with pytest.raises(InvalidReferenceError, match="no kind of change 'EVENTS'"):
        ChangeFilter.of(kinds=["EVENTS"])
    with pytest.raises(InvalidReferenceError, match="101 names"):
        ChangeFilter.of(events=[str(n) for n in range(101)])
    with pytest.raises(InvalidReferenceError, match="0 characters"):
        ChangeFilter.of(traits=[""])


def test_rule_4_a_redacted_change_passes_when_its_kind_does() -> None:
    told = EventRecorded("cus_1", None, None, None)
    assert ChangeFilter.of(events=["Paid"]).passes(told)
    assert not ChangeFilter.of(segments=["vip"]).passes(told)
    assert customers_of(Merged("a", "b", "m")) == ("a", "b")
