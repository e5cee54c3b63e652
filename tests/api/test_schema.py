"""The schema: the committed file is what the code says, and everything in it is described."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from graphcdp.api.schema import schema_text

COMMITTED = Path(__file__).parents[2] / "schema.graphql"


@pytest.fixture(scope="module")
def built() -> GraphQLSchema:
    return build_schema(schema_text())


def test_the_committed_schema_is_the_one_in_force() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_text(), "run `graphcdp schema > schema.graphql`"


def parts(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """Each part of a type that callers see: its name and its description."""
    yield kind.name, kind.description
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            yield f"{kind.name}.{name}", field.description
            for argument, given in field.args.items():
                yield f"{kind.name}.{name}({argument})", given.description
    elif isinstance(kind, GraphQLInputObjectType):
        for name, given_field in kind.fields.items():
            yield f"{kind.name}.{name}", given_field.description
    elif isinstance(kind, GraphQLEnumType):
        for name, value in kind.values.items():
            yield f"{kind.name}.{name}", value.description


def test_everything_is_described(built: GraphQLSchema) -> None:
    own = [kind for name, kind in built.type_map.items() if not name.startswith("__")]
    bare = [name for kind in own for name, description in parts(kind) if not description]
    assert bare == []


def test_descriptions_are_sentences(built: GraphQLSchema) -> None:
    own = [kind for name, kind in built.type_map.items() if not name.startswith("__")]
    scalars = {"String", "Int", "Float", "Boolean", "ID"}
    loose = [
        name
        for kind in own
        if kind.name not in scalars
        for name, description in parts(kind)
        if description and not description.rstrip().endswith((".", "`", ")"))
    ]
    assert loose == []


def test_nothing_drawn_but_unbuilt_is_promised(built: GraphQLSchema) -> None:
    assert built.subscription_type is not None
    assert set(built.subscription_type.fields) == {"changes", "customerChanged", "myChanges", "jobChanged"}
