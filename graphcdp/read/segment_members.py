"""The members of a segment with chosen fields, page by page. Source: docs/segments-as-code.md, rules 9 and 10."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from graphcdp.model.errors import ExportError
from graphcdp.model.identifiers import BUILT_IN_KINDS
from graphcdp.read.export import PAGE_ROWS, Shape, Values
from graphcdp.read.rows import Row
from graphcdp.store.neo4j import Store

IDS_PAGE = 20_000
DEFAULT = ("id", "enteredAt", "email", "phone", "user", "traits")
_TRAITS, _IDENTIFIERS = "traits", "identifiers"
_PLAIN: Mapping[str, tuple[str, Shape]] = {
    "id": ("id", Shape.TEXT),
    "enteredAt": ("since", Shape.TIME),
    "createdAt": ("created", Shape.TIME),
    "updatedAt": ("updated", Shape.TIME),
    "firstSeenAt": ("first_seen", Shape.TIME),
    "lastSeenAt": ("last_seen", Shape.TIME),
}


@dataclass(frozen=True, slots=True)
class MemberField:
    """A column. of: which part of a row it is made of. tell: makes the value of that part."""

    name: str
    shape: Shape
    of: str
    tell: Callable[[Any], Any]


def member_fields(names: Sequence[str]) -> list[MemberField]:
    """The columns of these names. Raises ExportError for a name that is none.

    `email`, `identifier.loyalty`: the value of this kind that was seen last. `identifiers`: all,
    `kind:value`. `traits`: all. `traits.address.city`: the value at a path.
    """
    if len(set(names)) < len(names) or not names:
        raise ExportError("Each field is named once, and there is at least one.")
    return [_field(name) for name in names]


async def member_pages(
    store: Store, segment_id: str, fields: Sequence[MemberField], at: datetime | None = None
) -> AsyncGenerator[list[Values], None]:
    """The members by id, as rows in the order of the fields. Who leaves meanwhile may be in it or not.

    at: those who were members then, with what is known of them now.
    """
    after = ""
    name = "read/export_members" if at is None else "read/export_past_members"
    past = {} if at is None else {"at": at}
    while True:
        (page,) = await store.read(name, segment=segment_id, after=after, limit=IDS_PAGE, **past)
        members: list[list[str]] = page["members"]
        for start in range(0, len(members), PAGE_ROWS):
            yield await _rows(store, dict(members[start : start + PAGE_ROWS]), fields)
        if len(members) < IDS_PAGE:
            return
        after = members[-1][0]


async def _rows(store: Store, since_by_id: dict[str, str], fields: Sequence[MemberField]) -> list[Values]:
    parts = {field.of for field in fields}
    found = await store.read(
        "read/export_member_details",
        ids=list(since_by_id),
        traits=_TRAITS in parts,
        identifiers=_IDENTIFIERS in parts,
    )
    return [_values({**row, "since": since_by_id[row["id"]]}, fields) for row in found]


def _values(row: Row, fields: Sequence[MemberField]) -> Values:
    traits = orjson.loads(row["traits"]) if row["traits"] is not None else {}
    parts = {**row, _TRAITS: traits}
    return tuple(field.tell(parts[field.of]) for field in fields)


def _field(name: str) -> MemberField:
    first, _, rest = name.partition(".")
    if name in _PLAIN:
        of, shape = _PLAIN[name]
        return MemberField(name, shape, of, lambda value: value)
    if name == _IDENTIFIERS:
        return MemberField(name, Shape.TEXTS, _IDENTIFIERS, lambda all_: [f"{kind}:{value}" for kind, value in all_])
    if name in BUILT_IN_KINDS or (first == "identifier" and rest):
        wanted = rest or name
        return MemberField(
            name,
            Shape.TEXT,
            _IDENTIFIERS,
            lambda all_: next((value for kind, value in all_ if kind == wanted), None),
        )
    if name == _TRAITS:
        return MemberField(name, Shape.JSON, _TRAITS, _json)
    if first == _TRAITS and rest:
        return MemberField(name, Shape.JSON, _TRAITS, lambda traits: _json(_at(traits, rest)))
    raise ExportError(
        f"There is no field {name!r}. Fields are {', '.join(_PLAIN)}, {', '.join(BUILT_IN_KINDS)}, "
        f"identifier.KIND for kinds of your own, identifiers, traits and traits.PATH."
    )


def _at(traits: Any, path: str) -> Any:
    """The value at a dotted path; names may have dots themselves."""
    if not isinstance(traits, dict):
        return None
    if path in traits:
        return traits[path]
    parts = path.split(".")
    for count in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:count])
        if name in traits:
            return _at(traits[name], ".".join(parts[count:]))
    return None


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
