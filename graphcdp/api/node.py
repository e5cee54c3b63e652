"""Anything with a global id."""

from typing import Any

import strawberry

from graphcdp.api.fields import value_field
from graphcdp.plan.fields import Leaf

_ID = "Opaque global id; never reused."


@strawberry.interface(description="Anything with a global id.")
class Node:
    """Ids are those of `graphcdp.model.ids`."""

    id: strawberry.ID = strawberry.field(description=_ID)


def id_read_as(cypher: str) -> Any:
    """The field `id` of a type of which this is the global id."""
    return value_field(_ID, plan=Leaf(cypher))
