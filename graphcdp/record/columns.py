"""What the columns of a file look like, by their names and a sample of their values. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from graphcdp.model.identifiers import Claim, Identifier
from graphcdp.record.mapping import RowError, TimeFormat, ValueType, as_text, read_time, typed
from graphcdp.resolve.clean import clean_one
from graphcdp.resolve.rules import IdentityRules

ROWS_MAX = 1000
COLUMNS_MAX = 500
LEVELS_MAX = 3
MOST = 0.9
"""A column is what so many of its values are; the others are left out with a warning, or their rows rejected."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_A-Za-z]+")
_ID_LIKE = re.compile(r"[^\s@]{1,255}")
_EPOCH_S = (1e8, 4.2e9)  # 1973 to 2103; smaller whole numbers are counts more often than times
_NUMBER_OF_DIGITS = re.compile(r"0\d+")


@dataclass(frozen=True)
class Column:
    """A column.

    name: in JSON Lines and Parquet a dotted path. values: those of the sample that are there. rows: rows that were
    looked at. is_text: its cells are text, whatever they stand for.
    """

    name: str
    values: Sequence[Any]
    rows: int
    is_text: bool

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of its name, the last part of a path, in lower case."""
        return tuple(word.lower() for word in _WORD.findall(self.name.rpartition(".")[2]))

    @cached_property
    def texts(self) -> list[str]:
        """The values that are texts or whole numbers, as text."""
        found = []
        for value in self.values:
            try:
                found.append(as_text(value, self.name).strip())
            except RowError:
                continue
        return found

    @cached_property
    def distinct(self) -> int:
        """How many different values it has."""
        return len({orjson.dumps(value, option=orjson.OPT_SORT_KEYS) for value in self.values})

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value of its own."""
        return len(self.values) == self.rows and self.distinct == self.rows

    def has(self, words: frozenset[str]) -> bool:
        """Whether one of these words is in its name."""
        return not words.isdisjoint(self.words)

    def share(self, kind: str, rules: IdentityRules) -> float:
        """How many of its values, 0..1, are identifiers of a kind."""
        if not self.values:
            return 0
        usable = sum(isinstance(clean_one(Claim(kind, text), rules), Identifier) for text in self.texts)
        return usable / len(self.values)

    @cached_property
    def is_id_like(self) -> bool:
        """Whether most values are short and without spaces."""
        return self._most(_ID_LIKE.fullmatch(text) is not None for text in self.texts)

    @cached_property
    def times(self) -> TimeFormat | None:
        """How most values are written as times; None when they are none."""
        numbers = [float(text) for text in self.texts if re.fullmatch(r"\d+(\.\d+)?", text)]
        numbers += [value for value in self.values if isinstance(value, float) and not value.is_integer()]
        low, high = _EPOCH_S
        if self._most(low <= number < high for number in numbers):
            return TimeFormat.SECONDS
        if self._most(low * 1000 <= number < high * 1000 for number in numbers):
            return TimeFormat.MILLISECONDS
        return TimeFormat.ISO if self._most(_is_iso(text) for text in self.texts if len(text) > 7) else None

    @cached_property
    def has_time_of_day(self) -> bool:
        """Whether its times are more than dates, as far as they are ISO."""
        return any(
            read_time(text, TimeFormat.ISO).timetuple()[3:6] != (0, 0, 0) for text in self.texts if _is_iso(text)
        )

    @cached_property
    def value_type(self) -> ValueType:
        """What all of its cells stand for; text where their types are told by the file, or where one is not so."""
        if not self.is_text or not self.values:
            return ValueType.TEXT
        if all(text[:1] in "{[" for text in self.texts):
            candidates = [ValueType.JSON]
        elif {text.lower() for text in self.texts} <= {"0", "1"} and self.has(_YES_OR_NO):
            candidates = [ValueType.BOOLEAN]
        elif self.has(_CODES) or any(_NUMBER_OF_DIGITS.fullmatch(text) for text in self.texts):
            # A code that happens to have only digits: as a number it would lose its zeros.
            return ValueType.TEXT
        else:
            candidates = [ValueType.NUMBER, ValueType.BOOLEAN]
        for candidate in candidates:
            try:
                for value in self.values:
                    typed(value, candidate, self.name)
            except RowError:
                continue
            return candidate
        return ValueType.TEXT

    def _most(self, tests: Iterable[bool]) -> bool:
        return bool(self.values) and sum(tests) >= MOST * len(self.values)


_YES_OR_NO = frozenset(("is", "has", "was", "can", "did", "active", "enabled", "subscribed", "opt", "flag"))
_CODES = frozenset(
    (
        *("id", "no", "nr", "code", "ref", "card", "zip", "postcode", "postal", "plz"),
        *("sku", "ean", "gtin", "isbn"),
    )
)


def columns_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str] | None, *, is_text: bool) -> list[Column]:
    """The columns of a sample of rows, in their order; of objects, what is in them, LEVELS_MAX deep.

    names: all columns of the file; None when each row has its own. is_text: as in `Column`.
    """
    values_by_name: dict[str, list[Any]] = {name: [] for name in names or () if name}
    for row in rows:
        for name, value in row.items():
            for path, leaf in _leaves(name, value, 1):
                if leaf is not None and leaf != "" and (path in values_by_name or len(values_by_name) < COLUMNS_MAX):
                    values_by_name.setdefault(path, []).append(leaf)
    for name in names or ():
        if name and not values_by_name[name] and any(other.startswith(f"{name}.") for other in values_by_name):
            del values_by_name[name]
    return [Column(name, values, len(rows), is_text) for name, values in values_by_name.items()]


def _leaves(path: str, value: Any, level: int) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict) and level < LEVELS_MAX and value and not any("." in key for key in value):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner, level + 1)
    else:
        yield path, value


def _is_iso(text: str) -> bool:
    try:
        read_time(text, TimeFormat.ISO)
    except RowError:
        return False
    return True
