"""Anything with a global id."""

import strawberry


@strawberry.interface(description="Anything with a global id.")
class Node:
    """Ids are those of `graphcdp.model.ids`."""

    id: strawberry.ID = strawberry.field(description="Opaque global id; never reused.")
