"""Bags of named values: traits, and the properties and context of events."""

import functools
from typing import Annotated, Any

import strawberry

from graphcdp.api.fields import field
from graphcdp.api.scalars import JSON, DateTime, JsonText
from graphcdp.model.times import time_of

PATH_PARTS_MAX = 20

DottedPath = Annotated[str, strawberry.argument(description="Dotted path: `address.city`, `items.0.sku`.")]
Only = Annotated[list[str] | None, strawberry.argument(description="Only these top-level names.")]


@strawberry.type(
    description=(
        "A bag of named values with typed access. Each typed field is null when the value is absent or of "
        'another type, so that generated client types are right: `revenue: number(path: "revenue")`.'
    )
)
class Properties:
    """Made of JSON text, which is parsed only when a field asks for a part of it."""

    text_of_all: strawberry.Private[JsonText]

    @functools.cached_property
    def _values(self) -> dict[str, Any]:
        parsed = self.text_of_all.parsed()
        return parsed if isinstance(parsed, dict) else {}

    @field("All values as one object.")
    def json(self, only: Only = None) -> JSON:
        if only is None:
            return JSON(self.text_of_all)
        return JSON({name: self._values[name] for name in dict.fromkeys(only) if name in self._values})

    @field("Top-level names, sorted.")
    def names(self) -> list[str]:
        return sorted(self._values)

    @field("The value at a dotted path, of any type.")
    def value(self, path: DottedPath) -> JSON | None:
        found = self.at(path)
        return None if found is None else JSON(found)

    @field("Text at the path.")
    def text(self, path: DottedPath) -> str | None:
        found = self.at(path)
        return found if isinstance(found, str) else None

    @field("Number at the path.")
    def number(self, path: DottedPath) -> float | None:
        found = self.at(path)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

    @field("Truth value at the path.")
    def flag(self, path: DottedPath) -> bool | None:
        found = self.at(path)
        return found if isinstance(found, bool) else None

    @field("Time at the path, from RFC 3339 text; a day is its first moment in UTC.")
    def time(self, path: DottedPath) -> DateTime | None:
        found = self.at(path)
        return time_of(found) if isinstance(found, str) else None

    def at(self, path: str) -> Any:
        """The value at a dotted path; None when there is none.

        A name that holds dots itself is found too, when nothing else matches.
        """
        return value_at(self._values, path)


def value_at(values: Any, path: str) -> Any:
    """The part of a JSON value at a dotted path; None when there is none."""
    found = values
    for part in path.split(".", PATH_PARTS_MAX):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isascii() and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            found = None
        if found is None:
            break
    if found is None and isinstance(values, dict):
        return values.get(path)
    return found


def properties_of(text: str) -> Properties:
    """The bag that holds this JSON object."""
    return Properties(text_of_all=JsonText(text))
