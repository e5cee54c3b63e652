"""docs/subscriptions.md, rules 4 to 6: which changes are wanted, and who is followed through merges and splits."""

from datetime import UTC, datetime

import pytest

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
    Split,
    TraitChange,
    TraitsChanged,
)
from graphcdp.notify.choice import IDS_MAX, Choice, Followed

BY_NAME: dict[str, Change] = {
    "created": Created("c"),
    "linked": IdentifierMoved("c", "user:a"),
    "merged": Merged("c", "d", "mrg_1"),
    "split": Split("c", (Part("d", "spl_1", ("user:a",)),), "CUT"),
    "plan": TraitsChanged("c", (TraitChange("plan", None, "pro"),)),
    "city": TraitsChanged("c", (TraitChange("address", {"city": "Hue", "zip": 1}, {"city": "Hoi An", "zip": 1}),)),
    "no traits": TraitsChanged("c", ()),
    "order": EventRecorded("c", "e1", "Order", "user:a"),
    "visit": EventRecorded("c", "e2", "Visit", "user:a"),
    "no event": EventRecorded("c", None, None, None),
    "in vip": SegmentEntered("c", "seg_1", "vip"),
    "out vip": SegmentExited("c", "seg_1", "vip"),
    "in new": SegmentEntered("c", "seg_2", "new"),
    "consent": ConsentChanged("c", "user:a", "ads", True, datetime(2026, 1, 1, tzinfo=UTC)),
    "erased": Erased("c"),
}
K = ChangeKind
CHOICES: list[tuple[Choice, str]] = [
    (Choice(), ",".join(BY_NAME)),
    (Choice(frozenset()), ""),
    (Choice(frozenset((K.MERGED, K.ERASED))), "merged,erased"),
    (Choice(segments=frozenset(("vip",))), "in vip,out vip"),
    (Choice(segments=frozenset(("seg_2",))), "in new"),
    (Choice(frozenset((K.EXITED,)), segments=frozenset(("seg_1",))), "out vip"),
    (Choice(events=frozenset(("Order",))), "order,no event"),
    (Choice(traits=frozenset(("plan",))), "plan,no traits"),
    (Choice(traits=frozenset(("address",))), "city,no traits"),
    (Choice(traits=frozenset(("address.city",))), "city,no traits"),
    (Choice(traits=frozenset(("address.zip",))), "no traits"),
    (Choice(traits=frozenset(("plan.x",))), "no traits"),
    (Choice(events=frozenset(("Order",)), segments=frozenset(("new",))), "order,no event,in new"),
    (Choice(frozenset((K.CREATED, K.EVENT)), events=frozenset(("Visit",))), "created,visit,no event"),
    (Choice(frozenset((K.CREATED,)), events=frozenset(("Visit",))), "created"),
]


@pytest.mark.parametrize(("choice", "expected"), CHOICES)
def test_rule_4_which_changes(choice: Choice, expected: str) -> None:
    assert ",".join(name for name, change in BY_NAME.items() if choice.takes(change)) == expected


def moved(text: str) -> Change:
    """`b<a`: a goes into b; `b>a:k,c`: a with key k, and c, come out of b; `a+k`, `a-k`: identifiers; `a`: an event."""
    if "<" in text:
        return Merged(*text.split("<"), "mrg")
    if ">" in text:
        customer, _, parts = text.partition(">")
        split = (part.partition(":") for part in parts.split(","))
        return Split(customer, tuple(Part(one, "spl", tuple(filter(None, [key]))) for one, _, key in split), "UNDO")
    for sign in "+-":
        if sign in text:
            customer, key = text.split(sign)
            return IdentifierMoved(customer, key, sign == "-")
    return EventRecorded(text, "e", "n", "k")


# Who is followed, as ids and perhaps /key; the changes; which of them are about it; who it is at the end.
FOLLOWED = """
a      | a b c              | a              | a
a      | b<a a b            | b<a b          | b
a      | b<a c<b b c        | b<a c<b c      | c
b      | b<a a b            | b<a b          | b
a      | b<a b>a b a        | b<a b>a a      | a
a      | b<a c<b c>b b a    | b<a c<b c>b b  | b
a      | b<a c<b c>b b>a a  | b<a c<b c>b b>a a | a
a      | b<a c<b c>b,a a    | b<a c<b c>b,a a| a
b      | b<a b>a a b        | b<a b>a b      | b
a      | a>x x a            | a>x a          | a
a      | b<a b>x x b        | b<a b>x b      | b
a      | c>a a              | a              | a
a/k    | a>x:k x a          | a>x:k x        | x
a/k    | a>x:l x a          | a>x:l a        | a
a/k    | a-k a b+k b        | a-k b+k b      | b
a/k    | a+l a-l a          | a+l a-l a      | a
/k     | a b+k b            | b+k b          | b
a/k    | b<a b>a:l b        | b<a b>a:l b    | b
a b    | a b<a a b          | a b<a b        | b
"""


@pytest.mark.parametrize("row", FOLLOWED.strip().splitlines())
def test_rule_5_who_is_followed(row: str) -> None:
    whom, told, about, end = (cell.strip() for cell in row.split("|"))
    ids, _, key = whom.partition("/")
    followed = Followed(frozenset(ids.split()), tuple(ids.split()[:1]), key or None)
    taken = []
    for text in told.split():
        takes, followed = followed.after(moved(text))
        if takes:
            taken.append(text)
    assert (taken, " ".join(sorted(followed.ids))) == (about.split(), end)


def test_former_ids_are_bounded_and_the_one_asked_for_stays() -> None:
    followed = Followed(frozenset(("0",)), ("0",))
    for number in range(100):
        _, followed = followed.after(Merged(str(number + 1), str(number), "mrg"))
    assert len(followed.former) == IDS_MAX
    assert (followed.former[0], followed.former[-1], followed.ids) == ("0", "99", {"100"})
