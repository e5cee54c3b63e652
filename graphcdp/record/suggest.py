"""A mapping suggested by looking at columns. Pure: the same columns, the same mapping. Source: docs/import.md.

What is in doubt is said in a comment. No value of the file is quoted: the
comments are read by more people than the data.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import yaml

from graphcdp.model.errors import ImportFileError
from graphcdp.model.identifiers import ANONYMOUS, DEVICE, EMAIL, PHONE, USER
from graphcdp.model.messages import EVENT_NAME_LENGTH_MAX, SOURCE_LENGTH_MAX, MessageType
from graphcdp.model.personal import is_personal_path
from graphcdp.record.columns import MOST, Column
from graphcdp.record.mapping import Target, TimeFormat, ValueType, columns_as_targets
from graphcdp.resolve.rules import IdentityRules

_PERSON = frozenset(("user", "customer", "client", "member", "account", "person", "subscriber", "household", "shopper"))
_OF_ID = frozenset(("id", "no", "nr", "num", "number", "key", "uuid", "guid", "ref", "code"))
_ANONYMOUS = frozenset(("anonymous", "anon", "visitor", "cookie", "distinct", "ga"))
_DEVICE = frozenset(("device", "install", "installation", "idfa", "idfv", "gaid", "aaid", "adid"))
_PHONE = frozenset(("phone", "mobile", "tel", "telephone", "cell", "msisdn", "whatsapp"))
_MESSAGE = frozenset(("message", "event", "order", "transaction", "purchase", "receipt", "invoice", "booking"))
_EVENT = frozenset(("event", "action", "activity", "what"))
_TIME = frozenset(("time", "timestamp", "ts", "at", "date", "datetime", "when", "on"))
_HAPPENED = frozenset(("event", "occurred", "happened", "timestamp", "ts", "order", "ordered"))
_ARRIVED = frozenset(("received", "sent", "loaded", "processed", "ingested", "exported"))
_STATED = frozenset(("updated", "changed", "modified", "seen"))
_OTHER_TIMES = frozenset(("birth", "birthday", "birthdate", "dob", "expires", "expiry", "due", "until", "valid", "end"))
_SECRET = frozenset(("password", "passwd", "secret", "token", "cvv", "cvc", "iban", "ssn", "passport", "pan"))
_OWN_KIND = frozenset(("card", "loyalty", "membership", "crm", "external"))
_ENVELOPES = frozenset(("properties", "props", "data", "attributes", "params", "payload", "traits"))
_VISITOR_LIKE = re.compile(r"\d{5,}\.\d{9,}|(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})|GA1\..+")


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of a column. target: as a mapping names it; None when it is left out. why: for people."""

    column: str
    target: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A mapping with reasons. constants: value and reason by target. times: None when no column tells when."""

    choices: tuple[Choice, ...]
    constants: dict[str, tuple[str, str]]
    times: tuple[TimeFormat, str] | None
    type: MessageType


@dataclass(slots=True)
class _Open:
    """Columns that are still to be decided on, and what was decided."""

    columns: list[Column]
    chosen: dict[str, Choice] = field(default_factory=dict)

    def take(self, target: str | None, why: str, fits: Callable[[Column], bool]) -> None:
        """Decide on all columns that fit."""
        for column in [column for column in self.columns if fits(column)]:
            self.choose(column, target, why)

    def choose(self, column: Column, target: str | None, why: str) -> None:
        self.columns.remove(column)
        self.chosen[column.name] = Choice(column.name, target, why)

    def best(self, *fits: Callable[[Column], bool]) -> Column | None:
        """The first column of those that fit the first condition that any fits."""
        for fit in fits:
            for column in self.columns:
                if fit(column):
                    return column
        return None


def suggest(columns: Sequence[Column], rules: IdentityRules, stem: str) -> Suggestion:
    """The mapping that these columns suggest.

    rules: by which e-mail addresses and phone numbers are recognised. stem: of the file's name, for the events of a
    file that names none. Raises ImportFileError when nothing tells whose the rows are.
    """
    left = _Open(list(columns))
    left.take(None, "no value in the rows looked at", lambda column: not column.values)
    left.take(None, "may be a secret; name it yourself if it is none", lambda column: column.has(_SECRET))
    _take_identifiers(left, rules)
    is_about_people = _is_about_people(left, columns)
    type_ = MessageType.IDENTIFY if is_about_people else MessageType.TRACK
    constants: dict[str, tuple[str, str]] = {}
    if not is_about_people:
        _take_message_fields(left, constants, stem)
    elif not any(choice.target == USER for choice in left.chosen.values()):
        column = left.best(lambda column: column.words == ("id",) and column.is_unique and column.is_id_like)
        if column is not None:
            left.choose(column, USER, "called id, and each row has its own")
    times = _take_time(left, is_about_people)
    if not any(choice.target in (USER, EMAIL, PHONE, DEVICE, ANONYMOUS) for choice in left.chosen.values()):
        names = ", ".join(column.name for column in columns)
        raise ImportFileError(
            f"No column looks as if it told whose the rows are; write a mapping that names one as user, email, "
            f"phone, device or anonymous. The columns are {names}."
        )
    _take_rest(left, is_about_people)
    return Suggestion(tuple(left.chosen[column.name] for column in columns), constants, times, type_)


def are_targets(names: Sequence[str]) -> bool:
    """Whether columns are called as fields, and one as nothing else is: a file of people has id and name too."""
    try:
        columns_as_targets(names)
    except ImportFileError:
        return False
    return any("." in name or ":" in name or name in ("at", "type", ANONYMOUS) for name in names)


def _take_identifiers(left: _Open, rules: IdentityRules) -> None:
    percent = f"{MOST:.0%}"
    left.take(
        EMAIL,
        f"at least {percent} of its values are e-mail addresses",
        lambda column: column.share(EMAIL, rules) >= MOST,
    )
    left.take(
        PHONE,
        f"phone numbers, by its name and its values (those without country code read as of {rules.region})",
        lambda column: column.has(_PHONE) and column.share(PHONE, rules) >= 0.5,
    )
    left.take(
        PHONE,
        f"at least {percent} of its values are phone numbers with country code",
        lambda column: all(text.startswith("+") for text in column.texts) and column.share(PHONE, rules) >= MOST,
    )
    left.take(
        ANONYMOUS,
        "a visitor's id, by its name",
        lambda column: _is_id(column) and column.has(_ANONYMOUS),
    )
    left.take(
        ANONYMOUS,
        "called a client's id, and its values look like those that trackers give to browsers",
        lambda column: column.words == ("client", "id") and all(map(_VISITOR_LIKE.fullmatch, column.texts)),
    )
    left.take(
        DEVICE,
        "a device's id, by its name",
        lambda column: column.has(_DEVICE) and (_is_id(column) or (column.is_id_like and len(column.words) == 1)),
    )
    left.take(
        USER,
        "a customer's own id, by its name",
        lambda column: (
            column.is_id_like
            and (
                column.words == ("uid",)
                or (
                    column.has(_PERSON)
                    and set(column.words) <= _PERSON | _OF_ID
                    and column.value_type is not ValueType.JSON
                )
            )
        ),
    )


def _is_value_like(column: Column) -> bool:
    return column.value_type in (ValueType.JSON, ValueType.BOOLEAN)


def _is_id(column: Column) -> bool:
    return column.is_id_like and column.has(_OF_ID)


def _is_about_people(left: _Open, columns: Sequence[Column]) -> bool:
    """Whether a row tells of a person, and not of an event: no event is named, and no person has two rows."""
    if left.best(_is_event_name, _is_type) is not None:
        return False
    if left.best(lambda column: column.is_unique and _is_id(column) and column.has(_MESSAGE)) is not None:
        return False
    taken = [column for column in columns if (choice := left.chosen.get(column.name)) and choice.target]
    strong = [column for column in taken if left.chosen[column.name].target in (USER, EMAIL, PHONE)]
    return all(column.distinct == len(column.values) for column in strong) and bool(strong or not taken)


def _is_type(column: Column) -> bool:
    return bool(column.texts) and {text.lower() for text in column.texts} <= set(MessageType)


def _is_event_name(column: Column) -> bool:
    words = set(column.words)
    return (
        (bool(words & _EVENT) and words <= _EVENT | {"name", "type"})
        and column.value_type is ValueType.TEXT
        and all(isinstance(value, str) and len(value) <= EVENT_NAME_LENGTH_MAX for value in column.values)
    )


def _take_message_fields(left: _Open, constants: dict[str, tuple[str, str]], stem: str) -> None:
    column = left.best(lambda column: column.words in (("type",), ("message", "type")) and _is_type(column))
    if column is not None:
        left.choose(column, "type", f"all of its values are types: {', '.join(MessageType)}")
    column = left.best(
        lambda column: _is_event_name(column) and column.words == ("event", "name"),
        _is_event_name,
        lambda column: column.words == ("name",) and column.rows >= 10 and column.distinct <= column.rows / 5,
    )
    if column is not None:
        left.choose(column, "name", "what happened, by its name; without a value its row is rejected")
    else:
        name = " ".join(word.capitalize() for word in re.findall(r"[^\W\d_]+", stem))[:EVENT_NAME_LENGTH_MAX]
        constants["name"] = (
            name or "Recorded",
            "no column names the event; call it what happened, such as Order Completed",
        )
    column = left.best(
        lambda column: column.is_unique and _is_id(column) and column.has(frozenset(("message", "event"))),
        lambda column: column.is_unique and _is_id(column) and column.has(_MESSAGE),
        lambda column: column.is_unique and column.is_id_like and column.words in (("id",), ("uuid",)),
    )
    if column is not None:
        left.choose(column, "id", "each row has its own: the same id twice is one event")
    column = left.best(lambda column: column.words == ("source",) and column.distinct <= 50)
    if column is not None and all(len(text) <= SOURCE_LENGTH_MAX for text in column.texts):
        left.choose(column, "source", "who sent it, by its name")


def _take_time(left: _Open, is_about_people: bool) -> tuple[TimeFormat, str] | None:
    first, second = (_STATED, _HAPPENED) if is_about_people else (_HAPPENED, _STATED)
    own = [column for column in left.columns if column.times is not None and not column.has(_OTHER_TIMES)]
    # A whole number is a time only when its column is called so.
    own = [column for column in own if column.times is TimeFormat.ISO or column.has(_TIME | _HAPPENED | _STATED)]

    def rank(column: Column) -> tuple[bool, ...]:
        clear = column.has(first) or column.words in (("at",), ("when",), ("time",))
        named = (column.has(_ARRIVED), not column.has(second), not column.has(_TIME))
        return (not clear, *named, not column.has_time_of_day)

    if not own:
        for column in left.columns:
            if column.has(_TIME) and not column.has(_OTHER_TIMES) and not is_about_people:
                why = "its name says a time, but its values are neither ISO 8601 nor seconds or milliseconds since 1970"
                left.choose(
                    column, _place("properties", column, left), f"{why}: rewrite them, else the time of import counts"
                )
                break
        return None
    best = min(own, key=rank)
    what = "when it was so" if is_about_people else "when it happened"
    left.choose(best, "at", f"{what}, by its name and its values")
    assert best.times is not None
    told = {
        TimeFormat.ISO: "ISO 8601; without a zone: UTC",
        TimeFormat.SECONDS: "since 1970: numbers of that size",
        TimeFormat.MILLISECONDS: "since 1970: numbers of that size",
    }
    return best.times, told[best.times]


def _take_rest(left: _Open, is_about_people: bool) -> None:
    for column in list(left.columns):
        area, why = "properties", "of the event"
        if is_about_people:
            area, why = "traits", "of the customer"
        elif is_personal_path(column.name) or column.has(_PERSON):
            area, why = "traits", "of the customer, by its name"
        type_ = column.value_type
        suffix = "" if type_ is ValueType.TEXT else f":{type_}"
        if suffix:
            why += f"; each value looked at is a {type_}, and a row with another is rejected"
        elif column.has(_OWN_KIND) and column.is_id_like and not column.has(frozenset(("payment", "credit"))):
            why += (
                f"; if it tells who it is: identifiers.{'_'.join(column.words)}, once the identity rules name that kind"
            )
        left.choose(column, _place(area, column, left) + suffix, why)


def _place(area: str, column: Column, left: _Open) -> str:
    """A place of its own for a column: under its name, without what an object is wrapped in."""
    parts = column.name.split(".") if not column.is_text else [column.name]
    if len(parts) > 1 and parts[0].lower() in _ENVELOPES:
        parts = parts[1:]
    cleaned = [re.sub(r"[^\w-]+", "_", part).strip("_") or "column" for part in parts]
    taken = [choice.target.partition(":")[0] for choice in left.chosen.values() if choice.target]
    place, number = f"{area}.{'.'.join(cleaned)}", 1
    # Neither in another's place, nor above or below it.
    while any(f"{place}.".startswith(f"{other}.") or f"{other}.".startswith(f"{place}.") for other in taken):
        number += 1
        place = f"{area}.{'.'.join(cleaned)}_{number}"
    return place


def as_yaml(suggestion: Suggestion, file: str, rows: int) -> str:
    """The mapping as a file that `graphcdp import --mapping` takes. rows: how many were looked at."""
    what = "an identify: it tells of a customer" if suggestion.type is MessageType.IDENTIFY else "an event"
    lines = [
        f"# Suggested for {_quoted(file)} after a look at {rows:,} rows. Check it, then:",
        "#   graphcdp import FILE --mapping THIS --dry-run",
        f"# Each row is {what}.",
        "columns:",
    ]
    choices_by_target: dict[str, list[Choice]] = {}
    for choice in suggestion.choices:
        if choice.target is not None:
            choices_by_target.setdefault(choice.target, []).append(choice)
    pairs = [
        (f"  {_plain(target)}: {_listed([_plain(choice.column) for choice in choices])}", choices)
        for target, choices in sorted(choices_by_target.items(), key=lambda pair: _is_value(pair[0]))
    ]
    width = min(max(len(text) for text, _ in pairs), 48)
    lines += [f"{text:<{width}}  # {'; '.join(dict.fromkeys(one.why for one in choices))}" for text, choices in pairs]
    left_out = [choice for choice in suggestion.choices if choice.target is None]
    lines += [f"  # {_quoted(choice.column)} is left out: {choice.why}" for choice in left_out]
    if suggestion.constants:
        lines.append("constants:")
        lines += [f"  {target}: {_quoted(value)}  # {why}" for target, (value, why) in suggestion.constants.items()]
    if suggestion.times is not None:
        lines.append(f"times: {suggestion.times[0]}  # {suggestion.times[1]}")
    else:
        lines.append("# No column tells when: the time of the import counts.")
    return "\n".join(lines) + "\n"


def _is_value(target: str) -> bool:
    return Target.parse(target).area in ("properties", "traits")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*(?<!:)")


def _plain(text: str) -> str:
    """A name as YAML: as it stands where that is safe."""
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    given = text.encode(errors="replace").decode()
    return yaml.dump(given, default_style='"', allow_unicode=True, width=math.inf).strip()
