"""The search for segments in the data, as callers see it. Source: docs/discovery.md."""

from typing import Annotated, Any

import orjson
import strawberry

from graphcdp.api.fields import value_field
from graphcdp.api.lookalikes import Distinction
from graphcdp.api.pages import Count
from graphcdp.api.scalars import JSON
from graphcdp.record.discovery import COUNT_MAX


@strawberry.type(description="A segment that was found in the data, and not yet created.")
class SegmentSuggestion:
    """Made of a job's result by `of`."""

    name: str = strawberry.field(description="A proposed name.")
    rule: JSON = strawberry.field(
        description="The rule as JSON in the shape of CustomerPredicate: edit it, or give it to `createSegment`."
    )
    rule_text: str = strawberry.field(description="The rule in plain words.")
    size: Count = strawberry.field(description="How many customers meet the rule; exact when it was found.")
    share: float = strawberry.field(description="Their share of the customers that were looked at, 0..1.")
    quality: float = strawberry.field(
        description="How well the group stands apart, is found again, and is told by the rule, 0..1."
    )
    precision: float = strawberry.field(
        description="The share of those who meet the rule that are in the group that was found, 0..1; measured."
    )
    recall: float = strawberry.field(
        description="The share of the group that was found that meets the rule, 0..1; measured."
    )
    distinctions: list[Distinction] = strawberry.field(description="What sets it apart, strongest first.")

    @classmethod
    def of(cls, found: dict[str, Any]) -> "SegmentSuggestion":
        """The suggestion that a job's result tells."""
        return cls(
            name=found["name"],
            rule=JSON(found["rule"]),
            rule_text=found["ruleText"],
            size=Count.exact(found["size"]),
            share=found["share"],
            quality=found["quality"],
            precision=found["precision"],
            recall=found["recall"],
            distinctions=[Distinction(**one) for one in found["distinctions"]],
        )


@strawberry.type(description="Segments found in the data.")
class SegmentDiscovery:
    """Made of a job's result by `of`."""

    suggestions: list[SegmentSuggestion] = value_field("The suggestions, best first.", size=COUNT_MAX)
    customers: int = strawberry.field(description="How many customers were looked at.")

    @classmethod
    def of(cls, result: str | None) -> "SegmentDiscovery | None":
        """What a job brought, from its JSON; None when it found nothing yet, or did not look."""
        found = orjson.loads(result or "{}")
        if "suggestions" not in found:
            return None
        return cls(
            suggestions=[SegmentSuggestion.of(one) for one in found["suggestions"]], customers=found["customers"]
        )


JobResult = Annotated[
    SegmentDiscovery, strawberry.union("JobResult", description="What a job brought. New types may appear.")
]
