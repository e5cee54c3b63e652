"""Which fields have no plan beside them: an operation that asks for one of these is answered by its resolvers."""

from collections.abc import Iterator

from graphql import GraphQLObjectType, get_named_type, is_abstract_type

from graphcdp.api.access import needs_by_field
from graphcdp.api.fields import Shown
from graphcdp.api.planned import Description
from graphcdp.api.schema import schema
from graphcdp.plan.fields import Nested, OneOf, Paged, Told

UNPLANNED = {
    "Query": {
        "caller",
        "catalog",
        # Its pages are JSON that Python parses and filters; the customers in them are loaded together.
        "changes",
        "explainIdentity",
        "identityRulesHistory",
        "identityRules",
        # It asks nothing of the graph.
        "parseRule",
        "previewIdentityRules",
        "previewSegment",
        "previewMerge",
        "snapshot",
        "webhook",
        "webhooks",
    },
    # They are worked out: from the vector index, and from facts that are counted and weighed.
    "Customer": {"lookalikes"},
    "Segment": {"distinctions", "lookalikes"},
    # JSON, whose type the kind of the job tells.
    "Job": {"result"},
}


def reached() -> dict[str, set[str]]:
    """Fields without a plan of each type that planned fields lead to."""
    description = Description(schema)
    found: dict[str, set[str]] = {}
    todo = ["Query"]
    while todo:
        of = description.graphql.get_type(todo.pop())
        assert isinstance(of, GraphQLObjectType)
        if of.name in found:
            continue
        found[of.name] = set()
        for name, field in of.fields.items():
            plan = description.plan_of(of.name, name)
            inner = getattr(field.type, "of_type", field.type)
            while hasattr(inner, "of_type"):
                inner = inner.of_type
            if plan is None:
                found[of.name].add(name)
            elif isinstance(plan, OneOf):
                todo += plan.by_type
            elif is_abstract_type(inner):
                todo += [one.name for one in description.graphql.get_possible_types(inner)]
            elif isinstance(plan, Nested | Paged) or (not isinstance(plan, Told) and hasattr(inner, "fields")):
                todo.append(inner.name)
    return found


def test_fields_without_a_plan_are_known() -> None:
    assert {name: fields for name, fields in reached().items() if fields} == UNPLANNED


def below_told() -> Iterator[str]:
    """Types of which Python tells all fields."""
    description = Description(schema)
    todo = [
        get_named_type(field.type)
        for of in description.graphql.type_map.values()
        if isinstance(of, GraphQLObjectType) and not of.name.startswith("__")
        for name, field in of.fields.items()
        if isinstance(description.plan_of(of.name, name), Told)
    ]
    while todo:
        of = todo.pop()
        if isinstance(of, GraphQLObjectType):
            yield of.name
            todo += [get_named_type(field.type) for field in of.fields.values()]


def test_what_python_tells_is_anybodys_who_has_the_object() -> None:
    told, needs = set(below_told()), needs_by_field(schema)
    assert "Properties" in told
    assert {of for of, _ in needs} & told == set(), "the planner asks nobody's leave below what Python tells"


def test_masks_that_depend_on_the_value_say_how_they_are_read() -> None:
    description = Description(schema)
    silent = [
        name
        for name, needs in needs_by_field(schema).items()
        if needs.shown is Shown.PSEUDONYM and description.plan_of(*name) and not description.masked_plan_of(*name)
    ]
    assert silent == [], "give them `masked=` beside their plan"
