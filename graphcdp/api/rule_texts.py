"""Conditions written as text: the query that reads one. Source: docs/conditions.md, rules 8 to 12."""

from typing import Annotated

import strawberry

from graphcdp.api.errors import InvalidInputError, UserError
from graphcdp.api.fields import READ, own_field
from graphcdp.api.scalars import JSON
from graphcdp.segment.reading import BadRuleTextError, parse_rule_text
from graphcdp.segment.wording import rule_text

RuleText = Annotated[
    str,
    strawberry.argument(
        description='The condition in words, as `ruleText` has it: `plan = "pro" and did "Order" in the last 30 days`.'
    ),
]


@strawberry.type(description="A condition that was read from text, or what to fix.")
class ParsedRule:
    """Either the condition or errors."""

    rule: JSON | None = strawberry.field(
        description="The condition as JSON in the shape of CustomerPredicate, for a variable; null on errors."
    )
    text: str | None = strawberry.field(description="The condition as `ruleText` will write it; null on errors.")
    errors: list[UserError] = strawberry.field(
        description='What to fix; the last part of `path` is line and column, as in ["text", "1:17"].'
    )


@strawberry.type
class RuleTextQueries:
    """Queries for conditions as text."""

    @own_field("Reads a condition that is written as text. Asks nothing of the data.", scopes=READ, cost=5)
    def parse_rule(self, text: RuleText) -> ParsedRule | None:
        try:
            rule = parse_rule_text(text, ("text",))
        except BadRuleTextError as error:
            wrong = InvalidInputError(message=str(error), path=list(error.path), expected=error.expected)
            return ParsedRule(rule=None, text=None, errors=[wrong])
        return ParsedRule(rule=JSON(rule.to_json()), text=rule_text(rule), errors=[])
