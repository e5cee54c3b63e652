"""What a rule has in common with segments, and what it would change of one."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from graphcdp.api.context import Info
from graphcdp.api.fields import field
from graphcdp.model.errors import DatabaseError, InvalidReferenceError
from graphcdp.model.predicates import Predicate
from graphcdp.read.segment_previews import Difference, Overlap, rule_difference, rule_overlaps

if TYPE_CHECKING:
    from graphcdp.api.segments import Segment

OVERLAPS_MAX = 50
"""Segments that a preview compares a rule with in one answer."""


@strawberry.type(description="What a rule has in common with a segment.")
class SegmentOverlap:
    """Made of what was counted by `of`."""

    both: int = strawberry.field(description="How many of those whom the rule selects are in the segment.")
    size: int = strawberry.field(description="How many members the segment has.")
    share: float = strawberry.field(description="`both` as a part of `size`, 0..1: how much of the segment it selects.")
    segment_id: strawberry.Private[str]

    @classmethod
    def of(cls, found: Overlap) -> "SegmentOverlap":
        """What was counted."""
        return cls(both=found.both, size=found.size, share=found.both / found.size, segment_id=found.segment_id)

    @field("The segment.")
    async def segment(self, info: Info) -> Annotated["Segment", strawberry.lazy("graphcdp.api.segments")]:
        from graphcdp.api.segments import segment_with_id  # the types refer to each other

        found = await segment_with_id(info, self.segment_id)
        if found is None:
            raise DatabaseError("The data changed while it was read: ask again.")
        return found


@strawberry.type(description="What would become different of a segment if a rule were its own.")
class SegmentDifference:
    """Made of what was counted by `of`."""

    entering: int = strawberry.field(description="How many who are no members would enter.")
    leaving: int = strawberry.field(description="How many members would leave.")

    @classmethod
    def of(cls, found: Difference) -> "SegmentDifference":
        """What was counted."""
        return cls(entering=found.entering, leaving=found.leaving)


async def overlaps_of(info: Info, rule: Predicate, first: int) -> list[SegmentOverlap]:
    """The segments that have most in common with a rule. Raises InvalidReferenceError for `first` out of range."""
    if not 1 <= first <= OVERLAPS_MAX:
        raise InvalidReferenceError(f"`first` is 1..{OVERLAPS_MAX}; {first} was given.", ("first",))
    context = info.context
    return [SegmentOverlap.of(found) for found in await rule_overlaps(context.store, rule, context.now(), first)]


async def difference_of(info: Info, rule: Predicate, segment_id: str) -> SegmentDifference:
    """What a rule would change of a segment."""
    context = info.context
    return SegmentDifference.of(await rule_difference(context.store, rule, context.now(), segment_id))
