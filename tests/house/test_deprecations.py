"""docs/http.md, rule 21: what is to go says what takes its place and when, and is gone by then."""

import re
from collections.abc import Iterator

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_required_argument,
    is_required_input_field,
)

from graphcdp import __version__
from graphcdp.api.fields import field, instead, value_field
from graphcdp.api.schema import schema

REASON = re.compile(r"Use `([A-Za-z_.]+)`; gone from ([0-9]+(?:\.[0-9]+)*)\.")


def places(of: GraphQLSchema) -> Iterator[tuple[str, str | None, bool]]:
    """Each field, argument and value: its name, why it is deprecated, and whether callers must give it."""
    for kind in of.type_map.values():
        if kind.name.startswith("__"):
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, one in kind.fields.items():
                yield f"{kind.name}.{name}", one.deprecation_reason, False
                for argument, given in one.args.items():
                    yield f"{kind.name}.{name}.{argument}", given.deprecation_reason, is_required_argument(given)
        elif isinstance(kind, GraphQLInputObjectType):
            for name, given_field in kind.fields.items():
                yield f"{kind.name}.{name}", given_field.deprecation_reason, is_required_input_field(given_field)
        elif isinstance(kind, GraphQLEnumType):
            for name, value in kind.values.items():
                yield f"{kind.name}.{name}", value.deprecation_reason, False


def wrong(of: GraphQLSchema, version: str) -> list[str]:
    """What is deprecated in another way, with the reason why that is wrong."""
    found = list(places(of))
    staying = {name for name, reason, _ in found if reason is None}
    faults = []
    for name, reason, required in found:
        if reason is None:
            continue
        said = REASON.fullmatch(reason)
        if said is None:
            faults.append(f"{name}: write its reason with `instead`")
        elif said[1] not in staying:
            faults.append(f"{name}: there is no {said[1]} to use, or it is to go as well")
        elif _numbers(said[2]) <= _numbers(version):
            faults.append(f"{name}: it should be gone by now")
        if required:
            faults.append(f"{name}: nobody can leave it out")
    return faults


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_rule_21_deprecations_of_the_schema() -> None:
    assert wrong(schema._schema, __version__) == []


def test_rule_21_what_is_deprecated_in_another_way_is_found() -> None:
    made = build_schema(
        """
        type Query {
          good(old: Int @deprecated(reason: "Use `Query.good.new`; gone from 0.10."), new: Int): Int
          bare: Int @deprecated
          vague: Int @deprecated(reason: "Use something else.")
          lost: Int @deprecated(reason: "Use `Query.never`; gone from 1.0.")
          chained: Int @deprecated(reason: "Use `Query.lost`; gone from 1.0.")
          late: Int @deprecated(reason: "Use `Query.good`; gone from 0.9.")
          kind(of: Kind, in: Given): Int
        }
        enum Kind { ONE TWO @deprecated(reason: "Use `Kind.ONE`; gone from 1.0.") THREE @deprecated(reason: "No.") }
        input Given { must: Int! @deprecated(reason: "Use `Given.may`; gone from 1.0."), may: Int }
        """
    )
    assert [fault.partition(":")[0] for fault in wrong(made, "0.9.1")] == [
        *["Query.bare", "Query.vague", "Query.lost", "Query.chained", "Query.late"],
        *["Kind.THREE", "Given.must"],
    ]


def test_rule_21_fields_say_it_in_the_one_way() -> None:
    @strawberry.type
    class Query:
        old: int = value_field("Old.", deprecated=instead("Query.new", "99.0"))

        @field("New.")
        def new(self) -> int:
            return 1

        @field("Older.", deprecated=instead("Query.new", "99.0"))
        def older(self) -> int:
            return 1

    made = strawberry.Schema(Query)
    assert '@deprecated(reason: "Use `Query.new`; gone from 99.0.")' in made.as_str()
    assert wrong(made._schema, __version__) == []
    assert {name for name, reason, _ in places(made._schema) if reason} == {"Query.old", "Query.older"}
