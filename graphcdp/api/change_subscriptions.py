"""Subscriptions to the feed: of all customers, of one, of the visitor's own. Source: docs/subscriptions.md.

Each gives batches; `deliveries.py` makes the answers of them, once for all who
ask the same. Here is only which changes come, and from where.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Annotated

import strawberry

from graphcdp.api.access import NotAllowedError
from graphcdp.api.change_places import Place, place_of, place_text
from graphcdp.api.changes import Change, ChangeKind, change_of
from graphcdp.api.context import Info
from graphcdp.api.fields import ANYBODY, READ, field, value_field
from graphcdp.api.predicates import SegmentRef
from graphcdp.api.references import CustomerRef, claim_of, key_of
from graphcdp.api.segments import row_of
from graphcdp.api.subscriptions import each, subscription
from graphcdp.model import changes as model
from graphcdp.model.changes import Sequenced
from graphcdp.model.errors import CursorExpiredError, InvalidReferenceError, unknown_customer
from graphcdp.model.identifiers import Claim
from graphcdp.model.ids import Tag, split_id
from graphcdp.model.principals import Asking
from graphcdp.notify.choice import Choice, Followed
from graphcdp.notify.feed import Feed
from graphcdp.read.customers import holders, survivors
from graphcdp.read.feed import feed_cursor, ids_of_customer, number_of, read_changes

BATCH_MAX = 100
"""Changes in one answer."""
SIGN_S = 15.0
"""So often a cursor is told that moved on over changes that were not wanted."""
NAMES_MAX = 100
VISITOR_BACK_MAX = 100_000
"""Changes that are looked through for a visitor who comes back; anybody can have a token."""

Kinds = Annotated[list[ChangeKind] | None, strawberry.argument(description="Only these kinds.")]
FromCursor = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor to go on from, of a batch or of `Query.changes`; from now on when absent."
    ),
]
InSegment = Annotated[
    SegmentRef | None, strawberry.argument(description="Of ENTERED and EXITED only those of this segment.")
]
EventNames = Annotated[
    list[str] | None, strawberry.argument(description="Of EVENT only events of these names, at most 100.")
]
TraitPaths = Annotated[
    list[str] | None,
    strawberry.argument(description="Of TRAITS only changes of these traits, names or dotted paths, at most 100."),
]
Whom = Annotated[CustomerRef, strawberry.argument(description="Whom to follow.")]


@strawberry.type(
    description=(
        "Changes delivered together, oldest first. None are in it at the start of a subscription without `after`, and "
        "as a sign, at most every 15 s, that the cursor moved on over changes that were not wanted."
    )
)
class ChangeBatch:
    """told: 0..BATCH_MAX changes. place: the cursor behind so many of them."""

    told: strawberry.Private[list[Sequenced]]
    place: strawberry.Private[Callable[[int], str]]
    caught_up: bool = value_field("Nothing newer was there when this was sent.")

    @field("The changes. For the cost of the operation they are taken to be 20.")
    def nodes(self) -> list[Change]:
        return [change_of(one) for one in self.told]

    @field("Where to go on from, as `after`: store it when the batch is worked in.")
    def cursor(self) -> str:
        return self.place(len(self.told))


class _Everybody:
    """Picks changes of all customers."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice

    def pick(self, batch: list[Sequenced]) -> list[Sequenced]:
        takes = self._choice.takes
        return [one for one in batch if takes(one.change)]

    def place(self, seq: int) -> str:
        return feed_cursor(seq)


class _One:
    """Picks changes of one customer, whoever that becomes."""

    def __init__(self, choice: Choice, followed: Followed) -> None:
        self._choice = choice
        self._followed = followed
        self._moves: list[tuple[int, Followed]] = []

    def pick(self, batch: list[Sequenced]) -> list[Sequenced]:
        found = []
        self._moves = [(0, self._followed)]
        for one in batch:
            is_about, followed = self._followed.after(one.change)
            if followed is not self._followed:
                self._followed = followed
                self._moves.append((one.seq, followed))
            if is_about and self._choice.takes(one.change):
                found.append(one)
        return found

    def place(self, seq: int) -> str:
        """The cursor tells who it is there, which the feed behind it does not."""
        return place_text(seq, next((followed for at, followed in reversed(self._moves) if at <= seq), self._followed))


async def _batches(
    feed: Feed, start: int, picker: _Everybody | _One, *, is_new: bool
) -> AsyncGenerator[ChangeBatch, None]:
    """What the picker picks behind `start`, in batches, and now and then a sign. Errors as `Feed.follow`.

    is_new: the caller has no cursor yet, so that it is told one at once.
    """
    last = told_to = start
    told_s = time.monotonic()
    if is_new:
        yield _sign(picker, last)
    async with aclosing(feed.follow(last)) as source:
        coming: asyncio.Task[list[Sequenced]] | None = None
        try:
            while True:
                if told_to == last:
                    batch = await anext(source)
                else:
                    # There is a cursor to be told even if nothing else comes.
                    coming = coming or asyncio.ensure_future(anext(source))
                    await asyncio.wait((coming,), timeout=max(0.0, told_s + SIGN_S - time.monotonic()))
                    if not coming.done():
                        told_to, told_s = last, time.monotonic()
                        yield _sign(picker, last)
                        batch = await coming
                    else:
                        batch = coming.result()
                    coming = None
                last = batch[-1].seq
                picked = picker.pick(batch)
                for start in range(0, len(picked), BATCH_MAX):
                    part = picked[start : start + BATCH_MAX]
                    told_to = last if start + BATCH_MAX >= len(picked) else part[-1].seq
                    told_s = time.monotonic()
                    yield ChangeBatch(
                        told=part,
                        place=_places(picker, part, told_to),
                        caught_up=told_to == last and feed.behind(last) == 0,
                    )
        finally:
            if coming is not None:
                coming.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await coming


def _sign(picker: _Everybody | _One, seq: int) -> ChangeBatch:
    cursor = picker.place(seq)
    return ChangeBatch(told=[], place=lambda _: cursor, caught_up=True)


def _places(picker: _Everybody | _One, part: list[Sequenced], end: int) -> Callable[[int], str]:
    return lambda count: picker.place(end if count == len(part) else part[count - 1].seq)


@strawberry.type
class ChangeSubscriptions:
    """Subscriptions to the feed."""

    @subscription(
        "Changes of all customers, for systems that follow everything. `segment`, `eventNames` and `traits` choose "
        "among changes of their kinds; without `kinds`, no others come then. A cursor behind which changes were "
        "dropped fails with CURSOR_EXPIRED.",
        scopes=READ,
    )
    async def changes(
        self,
        info: Info,
        kinds: Kinds = None,
        segment: InSegment = None,
        event_names: EventNames = None,
        traits: TraitPaths = None,
        after: FromCursor = None,
    ) -> AsyncGenerator[ChangeBatch, None]:
        feed = _feed(info)
        chosen = () if segment is None else (await _segment_named(info, segment, is_new=after is None),)
        choice = Choice(_kinds(kinds), frozenset(chosen), _names(event_names, "eventNames"), _names(traits, "traits"))
        start = await feed.newest() if after is None else number_of(after)
        async with aclosing(
            each(info.context, _batches(feed, start, _Everybody(choice), is_new=after is None))
        ) as found:
            async for batch in found:
                yield batch

    @subscription(
        "Changes of one customer. Asked for by an id, it is followed through merges: after MERGED changes of the "
        "survivor come; a split that gives the id its own again is followed back. Asked for by an identifier, whoever "
        "has that identifier is followed, from the moment that somebody has it.",
        scopes=READ,
    )
    async def customer_changed(
        self, info: Info, customer: Whom, kinds: Kinds = None, after: FromCursor = None
    ) -> AsyncGenerator[ChangeBatch, None]:
        place = None if after is None else place_of(after)
        feed = _feed(info)
        # Before it is asked who it is: what changes in between comes again, never too little.
        start = await feed.newest() if place is None else place.seq
        followed = await _whom(info, customer, place)
        picker = _One(Choice(_kinds(kinds)), followed)
        async with aclosing(each(info.context, _batches(feed, start, picker, is_new=place is None))) as found:
            async for batch in found:
                yield batch

    @subscription(
        "Changes of the visitor that the token was signed for, as `customerChanged`. What was told of a customer "
        "before a split took its parts apart is not told afterwards.",
        scopes=ANYBODY,
    )
    async def my_changes(
        self, info: Info, kinds: Kinds = None, after: FromCursor = None
    ) -> AsyncGenerator[ChangeBatch, None]:
        principal = info.context.principal
        subject = principal.subject
        if subject is None:
            code = "UNAUTHENTICATED" if principal.asking is Asking.ANONYMOUS else "FORBIDDEN"
            raise NotAllowedError("`myChanges` is for visitors: send a visitor's token.", code)
        feed = _feed(info)
        # A visitor may make up cursors, so that nothing but the number is taken from one.
        start, followed = await _visitor_at(info, feed, subject, None if after is None else place_of(after).seq)
        picker = _One(Choice(_kinds(kinds)), followed)
        async with aclosing(each(info.context, _batches(feed, start, picker, is_new=after is None))) as found:
            async for batch in found:
                yield batch


def _feed(info: Info) -> Feed:
    feed = info.context.feed
    assert feed is not None
    return feed


def _kinds(given: list[ChangeKind] | None) -> frozenset[model.ChangeKind] | None:
    return None if given is None else frozenset(model.ChangeKind[kind.name] for kind in given)


def _names(given: list[str] | None, argument: str) -> frozenset[str]:
    if given is not None and not 1 <= len(given) <= NAMES_MAX:
        raise InvalidReferenceError(f"`{argument}` takes 1..{NAMES_MAX} names; {len(given)} were given.", (argument,))
    return frozenset(given or ())


async def _segment_named(info: Info, segment: SegmentRef, *, is_new: bool) -> str:
    """The segment's id or key. One that is gone may be followed from a cursor, since the feed still tells of it."""
    named = segment.id if segment.id is not None else segment.key
    assert named is not None  # a @oneOf input has one field
    row = await row_of(info, segment)
    if row is None and is_new:
        raise InvalidReferenceError(f"There is no segment {str(named.value)!r}.", ("segment",))
    return str(named.value) if row is None else row.id


async def _whom(info: Info, customer: CustomerRef, place: Place | None) -> Followed:
    """Who is followed: from now on without a place, else who it was there.

    When the cursor does not tell that, all ids that lead to the customer now are followed, so that nothing is missed.
    """
    there = None if place is None else place.followed
    if customer.id is not None:
        asked = str(customer.id.value)
        if there is not None and asked in there.former:
            return there
        found = await info.context.loader(survivors).load(asked)
        if found is None:
            raise unknown_customer("customer")
        ids = (found,) if place is None else await ids_of_customer(info.context.store, found)
        return Followed(frozenset(ids), (asked,))
    key = key_of(claim_of(customer), info.context.recorder.rules)
    if key is None:
        raise InvalidReferenceError("Nobody can have this identifier.", ("customer",))
    if there is not None:
        return replace(there, key=key)
    return await _holder(info, key, now=place is None)


async def _holder(info: Info, key: str, *, now: bool) -> Followed:
    found = await info.context.loader(holders).load(key)
    if found is None:
        return Followed(frozenset(), key=key)
    ids = (found,) if now else await ids_of_customer(info.context.store, found)
    return Followed(frozenset(ids), (found,), key)


async def _visitor_at(info: Info, feed: Feed, subject: str, after: int | None) -> tuple[int, Followed]:
    """From which number on a visitor is told changes, and of whom.

    Not from before a split that made the customer who it is now: until then it
    had what turned out to be somebody else's.
    """
    while True:
        start = await feed.newest()
        if after is not None and start - after > VISITOR_BACK_MAX:
            raise CursorExpiredError(
                f"The cursor is more than {VISITOR_BACK_MAX} changes old: read `me` anew, then follow without `after`.",
                ("after",),
            )
        info.context.forget()
        followed = await _visitor(info, subject, now=after is None)
        if after is None:
            return start, followed
        last, end = after, await feed.newest()
        split = after
        while last < end:
            batch = await read_changes(info.context.store, last)
            if not batch:
                break
            for one in batch:
                if followed.is_touched_by_split(one.change):
                    split = one.seq
            last = batch[-1].seq
        if split <= max(start, after):
            return split, followed
        # It was split while it was asked who it is.


async def _visitor(info: Info, subject: str, *, now: bool) -> Followed:
    found = split_id(subject)
    if found is not None and found[0] is Tag.CUSTOMER:
        survivor = await info.context.loader(survivors).load(subject)
        if survivor is None:
            return Followed(frozenset(), (subject,))
        ids = (survivor,) if now else await ids_of_customer(info.context.store, survivor)
        return Followed(frozenset(ids), (subject,))
    kind, colon, value = subject.partition(":")
    key = key_of(Claim(kind, value), info.context.recorder.rules) if colon else None
    return Followed(frozenset()) if key is None else await _holder(info, key, now=now)
