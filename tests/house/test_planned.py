"""Which fields have no plan beside them: an operation that asks for one of these is answered by its resolvers."""

from graphql import GraphQLObjectType

from graphcdp.api.planned import Description
from graphcdp.api.schema import schema
from graphcdp.plan.fields import Nested, OneOf, Paged, Told

UNPLANNED = {
    "Query": {
        "caller",
        "catalog",
        "conflicts",
        "explainIdentity",
        "identityRulesHistory",
        "identityRules",
        "previewIdentityRules",
        "job",
        "previewSegment",
        "events",
        "previewMerge",
        "rejected",
        "segments",
        "snapshot",
    },
    "Customer": {"conflicts", "identityHistory", "merges"},
    "Device": {"attributes", "platform"},
    "Identifier": {"isMasked"},
    "MergedCustomer": {"merge"},
    "Segment": {"overlap"},
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
            elif isinstance(plan, Nested | Paged) or (not isinstance(plan, Told) and hasattr(inner, "fields")):
                todo.append(inner.name)
    return found


def test_fields_without_a_plan_are_known() -> None:
    assert {name: fields for name, fields in reached().items() if fields} == UNPLANNED
