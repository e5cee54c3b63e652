"""What a segment is, and what an edit may not do. Source: docs/segments.md, rules 9 and 13 to 16."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.predicates import Predicate, SegmentName

SEGMENTS_MAX = 500
NAME_LENGTH_MAX = 100
DESCRIPTION_LENGTH_MAX = 2000

_KEY = re.compile(r"[a-z0-9_]{1,60}")


class Kind(StrEnum):
    """How members are chosen."""

    RULE = "RULE"


class Status(StrEnum):
    """What a segment is doing."""

    BUILDING = "BUILDING"  # the rule is new; members are still coming in and going out
    LIVE = "LIVE"  # members are kept up to date with each write
    PAUSED = "PAUSED"  # members stay as they are
    ARCHIVED = "ARCHIVED"  # put away: nobody is in it


class UnusableValueError(InvalidReferenceError):
    """A value of a segment is not acceptable; `expected` is what would be."""

    def __init__(self, message: str, path: tuple[str, ...], expected: str) -> None:
        super().__init__(message, path)
        self.expected = expected


class UnknownSegmentError(InvalidReferenceError):
    """There is no such segment."""


class SegmentConflictError(InvalidReferenceError):
    """Someone else was first, or the segment is in use; `segment_id` is what is there now."""

    def __init__(self, message: str, path: tuple[str, ...], segment_id: str | None) -> None:
        super().__init__(message, path)
        self.segment_id = segment_id


class SegmentLimitError(InvalidReferenceError):
    """There are as many segments as there may be."""

    def __init__(self, message: str, limit: int, actual: int) -> None:
        super().__init__(message)
        self.limit = limit
        self.actual = actual


@dataclass(frozen=True, slots=True)
class Definition:
    """A segment as far as its members go. edited: when its rule, name or status last changed."""

    id: str
    key: str
    rule: Predicate
    building: bool
    version: int
    edited: datetime


class SegmentNames:
    """Segments by the names that rules give them."""

    def __init__(self, segments: Iterable["Definition | Known"]) -> None:
        self._id_by_name = {name: found.id for found in segments for name in (("id", found.id), ("key", found.key))}

    def id_of(self, name: SegmentName) -> str | None:
        """The id of the segment with this name; None when there is none."""
        return self._id_by_name.get(("id", name.id) if name.id else ("key", name.key or ""))

    def named_by(self, rule: Predicate) -> set[str]:
        """Ids of the segments that the rule names, without unknown ones."""
        return {found for _, name in rule.segments() if (found := self.id_of(name)) is not None}


@dataclass(frozen=True, slots=True)
class Known:
    """A segment as far as edits of others go. rule: None when this version cannot read it."""

    id: str
    key: str
    rule: Predicate | None
    archived: bool = False


def check_key(key: str) -> None:
    """Raises UnusableValueError for a key that is none."""
    if not _KEY.fullmatch(key):
        expected = "1 to 60 of a-z, 0-9 and _"
        raise UnusableValueError(
            f"{key[:100]!r} is no key of a segment: write {expected}, such as big_spenders.", ("key",), expected
        )


def check_name(name: str) -> None:
    """Raises UnusableValueError for a name that cannot be shown."""
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not _is_text(name):
        expected = f"1 to {NAME_LENGTH_MAX} characters, not only spaces"
        raise UnusableValueError(f"A segment's name has {expected}; this one has {len(name)}.", ("name",), expected)


def check_description(description: str | None) -> None:
    """Raises UnusableValueError for a description that cannot be shown."""
    if description is not None and (len(description) > DESCRIPTION_LENGTH_MAX or not _is_text(description)):
        expected = f"at most {DESCRIPTION_LENGTH_MAX} characters"
        raise UnusableValueError(
            f"A segment's description has {expected}; this one has {len(description)}.", ("description",), expected
        )


def check_new(key: str, known: Sequence[Known]) -> None:
    """Raises SegmentConflictError when the key is taken, SegmentLimitError when there are too many segments."""
    taken = next((found for found in known if found.key == key), None)
    if taken is not None:
        todo = "restore it with restoreSegment" if taken.archived else "change it with updateSegment"
        raise SegmentConflictError(
            f"There is {'an archived' if taken.archived else 'a'} segment with the key {key}: {todo}, "
            f"or choose another key.",
            ("key",),
            taken.id,
        )
    check_room(known)


def check_room(known: Sequence[Known]) -> None:
    """Raises SegmentLimitError when there are too many segments for one more; archived ones do not count."""
    number = sum(not found.archived for found in known)
    if number >= SEGMENTS_MAX:
        raise SegmentLimitError(
            f"There are {number} segments, the most that are kept up to date with each write: "
            f"archive one that nobody uses.",
            SEGMENTS_MAX,
            number,
        )


def check_names_of_rule(
    rule: Predicate, known: Sequence[Known], *, of: str | None = None, path: tuple[str, ...] = ("where",)
) -> None:
    """Raises UnknownSegmentError when the rule names a segment that is not there, or that is archived.

    of: id of the segment whose rule it becomes; then UnusableValueError is
    raised when its membership would depend on itself. path: to the rule.
    """
    names = SegmentNames(known)
    named_by_id = {found.id: names.named_by(found.rule) for found in known if found.rule is not None}
    archived = {found.id for found in known if found.archived}
    for where, name in rule.segments():
        found = names.id_of(name)
        if found is None:
            raise UnknownSegmentError(
                f"There is no segment {name.id or name.key!r}: create it first, or correct the rule.", (*path, *where)
            )
        if found in archived:
            raise UnknownSegmentError(
                f"The segment {name.id or name.key!r} is archived: restore it first, or correct the rule.",
                (*path, *where),
            )
        if of is not None and of in _reached(found, named_by_id):
            raise UnusableValueError(
                f"Whoever is in this segment would depend on who is in it: the rule names {name.id or name.key!r}, "
                f"whose rule leads back here.",
                (*path, *where),
                "a segment whose rule does not name this one, directly or through others",
            )


def check_unused(segment_id: str, known: Sequence[Known], todo: str = "change or delete") -> None:
    """Raises SegmentConflictError when another segment's rule names this one. todo: what to do about that one."""
    names = SegmentNames(known)
    users = sorted(found.key for found in known if found.rule and segment_id in names.named_by(found.rule))
    if users:
        raise SegmentConflictError(
            f"The rule of {', '.join(users[:5])} names this segment: {todo} that one first.",
            ("segment",),
            segment_id,
        )


def _reached(start: str, named_by_id: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        segment_id = pending.pop()
        if segment_id not in found:
            found.add(segment_id)
            pending += named_by_id.get(segment_id, ())
    return found


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
