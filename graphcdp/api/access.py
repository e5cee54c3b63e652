"""What each field needs, and who gets what of it. Source: docs/access.md.

A field says it beside its definition, by the decorators of `fields.py`; here
the built schema is guarded by what they say. `masking.py` does the same for
fields that are read without their resolvers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, default_field_resolver

from graphcdp.api.fields import Authorized, Personal, Shown
from graphcdp.model.errors import GraphCDPError
from graphcdp.model.identifiers import ANONYMOUS, DEVICE, USER
from graphcdp.model.predicates import Predicate
from graphcdp.model.principals import Asking, Principal, Scope
from graphcdp.plan.fields import Leaf

MASKED = "***"
PSEUDONYMS = frozenset((USER, DEVICE, ANONYMOUS))
"""Kinds of identifiers that say nothing about a person by themselves."""


class NotAllowedError(GraphCDPError):
    """The principal may not have a field; code: UNAUTHENTICATED when nobody said who is asking, else FORBIDDEN."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Needs:
    """What a field needs.

    scopes: all of them; None when the field says nothing, so that it needs what
    the object needed that it was reached by. shown: what is there without `pii`;
    None when the field is not personal.
    """

    scopes: frozenset[Scope] | None = None
    shown: Shown | None = None


_NOTHING = Needs()


def refusal(principal: Principal, needs: Needs, path: str) -> NotAllowedError | None:
    """Why this principal may not have the field at `path`; None when it may."""
    if needs.scopes is None or principal.may(needs.scopes):
        return None
    missing = ", ".join(f"`{scope}`" for scope in sorted(needs.scopes - principal.scopes))
    if principal.asking is Asking.ANONYMOUS:
        return NotAllowedError(
            f"`{path}` needs a key with the scope {missing}: send it as `Authorization: Bearer <key>`.",
            "UNAUTHENTICATED",
        )
    if principal.asking is Asking.VISITOR:
        return NotAllowedError(f"`{path}` is not for visitors: their token reads their own profile, `me`.", "FORBIDDEN")
    return NotAllowedError(f"`{path}` needs the scope {missing}, which this key does not have.", "FORBIDDEN")


def check_condition(principal: Principal, predicate: Predicate) -> None:
    """Raise NotAllowedError when a condition asks for values that the principal is not shown.

    By conditions a value that is masked could be found out, bit by bit.
    """
    if predicate.asks_values and not principal.sees_personal:
        raise NotAllowedError("Conditions on traits and on properties of events need the scope `pii`.", "FORBIDDEN")


def check_event_conditions(principal: Principal) -> None:
    """Raise NotAllowedError when the principal may not choose events by what their properties hold."""
    if not principal.sees_personal:
        raise NotAllowedError("Conditions on properties of events need the scope `pii`.", "FORBIDDEN")


def check_search(principal: Principal) -> None:
    """Raise NotAllowedError when the principal may not search text: it would find out names letter by letter."""
    if not principal.sees_personal:
        raise NotAllowedError("`search` looks into names and addresses, so it needs the scope `pii`.", "FORBIDDEN")


def shown_identifier(kind: str, value: str) -> str:
    """An identifier's value without the scope `pii`: pseudonyms as they are, unless they look like an address."""
    return value if kind in PSEUDONYMS and "@" not in value else MASKED


def read_as_shown(kind: str, value: str) -> Leaf:
    """How `shown_identifier` is read; kind, value: expressions."""
    kinds = ", ".join(f"'{one}'" for one in sorted(PSEUDONYMS))
    return Leaf(f"CASE WHEN {kind} IN [{kinds}] AND NOT {value} CONTAINS '@' THEN {value} ELSE '{MASKED}' END")


def _empty_bag() -> Any:
    from graphcdp.api.properties import properties_of  # its fields are written by the decorators that this reads

    return properties_of("{}")


_STAND_INS: Mapping[Shown, Callable[[Any], Any]] = {
    Shown.NULL: lambda source: None,
    Shown.STARS: lambda source: MASKED,
    Shown.ID: lambda source: source.id,
    Shown.PSEUDONYM: lambda source: shown_identifier(source.kind, source.value),
    Shown.EMPTY: lambda source: _empty_bag(),
}


def needs_by_field(built: strawberry.Schema) -> dict[tuple[str, str], Needs]:
    """What the fields of a schema need, by type and name; those that need nothing of their own are absent."""
    found = {}
    for type_name, graphql_type in built._schema.type_map.items():
        if isinstance(graphql_type, GraphQLObjectType) and not type_name.startswith("__"):
            for name, graphql_field in graphql_type.fields.items():
                needs = _declared(graphql_field)
                if needs != _NOTHING:
                    found[type_name, name] = needs
    return found


def guard(built: strawberry.Schema) -> None:
    """Put what the fields declare in force for all that this schema executes."""
    for (type_name, name), needs in needs_by_field(built).items():
        graphql_type: Any = built._schema.type_map[type_name]
        graphql_field = graphql_type.fields[name]
        if graphql_field.subscribe is not None:
            # Before anything is followed, and again at each event.
            graphql_field.subscribe = _guarded(graphql_field.subscribe, needs, f"{type_name}.{name}")
        graphql_field.resolve = _guarded(graphql_field.resolve or default_field_resolver, needs, f"{type_name}.{name}")


def _declared(graphql_field: GraphQLField) -> Needs:
    definition = graphql_field.extensions.get("strawberry-definition")
    scopes: frozenset[Scope] | None = None
    shown: Shown | None = None
    for directive in getattr(definition, "directives", ()):
        if isinstance(directive, Authorized):
            scopes = frozenset(Scope(scope) for scope in directive.scopes)
        elif isinstance(directive, Personal):
            shown = Shown(directive.shown)
    return Needs(scopes, shown)


def _guarded(resolve: Callable[..., Any], needs: Needs, path: str) -> Callable[..., Any]:
    stand_in = None if needs.shown is None else _STAND_INS[needs.shown]

    def guarded(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        principal: Principal = info.context.principal
        refused = refusal(principal, needs, path)
        if refused is not None:
            raise refused
        if stand_in is not None and not principal.sees_personal:
            return stand_in(source)
        return resolve(source, info, **arguments)

    return guarded
