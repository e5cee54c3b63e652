"""What breaks a schema -> sentences, which hold no value of the message, since they are shown without it. Pure."""

from typing import Any

import orjson
from jsonschema_rs import ValidationError

from graphcdp.model.personal import is_personal_text
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.tracking_plan.schemas import Schema

_SHOWN_LENGTH_MAX = 100
_BY_VALUE = {
    "type": "is not of the type",
    "enum": "is none of",
    "const": "is not",
    "pattern": "does not match",
    "format": "has not the format",
    "minLength": "is shorter than",
    "maxLength": "is longer than",
    "minimum": "is less than",
    "maximum": "is more than",
    "exclusiveMinimum": "is not more than",
    "exclusiveMaximum": "is not less than",
    "multipleOf": "is no multiple of",
    "minItems": "has fewer items than",
    "maxItems": "has more items than",
}
_ALONE = {"uniqueItems": "has an item twice", "anyOf": "is none of what it may be"}


def problems_of(error: ValidationError, of: str, schema: Schema) -> list[Problem]:
    """What one error says, of `properties` or `traits`, which this schema describes."""
    kind, told = error.kind, error.kind.as_dict()
    place = [of, *(_shown(part) if isinstance(part, str) else str(part) for part in error.instance_path)]
    if kind.name == "required":
        return [_problem([*place, _shown(told["property"])], "is missing")]
    if kind.name == "additionalProperties":
        return [_problem([*place, _shown(name)], "is not in the tracking plan") for name in told["unexpected"]]
    word = str(error.schema_path[-1])
    if word in _BY_VALUE:
        return [_problem(place, f"{_BY_VALUE[word]} {_cut(_value_at(schema, error.schema_path))}")]
    return [_problem(place, _ALONE.get(word, f"breaks {word}"))]


def unknown_event() -> Problem:
    """What is said of an event that the plan does not name."""
    return Problem(ProblemCode.PLAN, "The event is not in the tracking plan.", ("name",))


def _problem(place: list[str], what: str) -> Problem:
    return Problem(ProblemCode.PLAN, f"{'.'.join(place)} {what}.", tuple(place))


def _shown(name: str) -> str:
    return "***" if is_personal_text(name) else _clipped(name)


def _value_at(schema: Any, path: list[str | int]) -> Any:
    for part in path:
        schema = schema[part]
    return schema


def _cut(value: Any) -> str:
    return _clipped(value if isinstance(value, str) else orjson.dumps(value).decode())


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH_MAX else f"{text[:_SHOWN_LENGTH_MAX]}..."
