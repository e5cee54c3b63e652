"""From what the database answers to the answer: names are given to values, cursors written, JSON text spliced in.

Maps of the database lose the order of their names, and names in an answer are the
caller's, which never become text of a statement. So rows come as lists, nested
as the answer is, and get their names here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphcdp.plan.fields import Asked
from graphcdp.plan.levels import Wanted


@dataclass(frozen=True, slots=True)
class Given:
    """What one request gives to a field: its arguments, and what it comes to with them."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)


@dataclass(frozen=True, slots=True)
class Bag:
    """An object each of whose fields is what was found, finished in the same way.

    keys: its names in the answer. make: `make(found)`. absent: what stands for null.
    """

    keys: tuple[str, ...]
    make: Callable[[Any], Any]
    absent: Any


Touch: TypeAlias = Callable[[Any], Any] | Bag
"""`touch(found)`: finishes a value that is not null and depends on nothing else."""

Finish: TypeAlias = Callable[[Any, Sequence[Given]], Any]
"""`finish(found, given)`; given: by number of the field."""


def cursor(number: int, write: Callable[[str, Sequence[Any]], str]) -> Finish:
    """The cursor of the page with this number, from a sort key."""
    return lambda key, given: None if key is None else write(given[number].asked.order, key)


class Row:
    """An object from its row.

    keys: names in the answer's order. constants: values that the row lacks, by
    their place in it. touches, steps: what is left to do, by place once the constants are in.
    """

    __slots__ = ("many",)

    many: Callable[[list[list[Any]], Sequence[Given]], list[dict[str, Any]]]
    """`many(found, given)`: the objects of a list."""

    def __init__(
        self,
        keys: Sequence[str],
        constants: Sequence[tuple[int, Any]] = (),
        touches: Sequence[tuple[int, Touch]] = (),
        steps: Sequence[tuple[int, Finish]] = (),
    ) -> None:
        # Written out for these names, as dataclasses do it: half the time of doing it value by value, which is
        # most of what is done here for a page of events.
        known: dict[str, Any] = {f"c{place}": constant for place, constant in constants}
        values = {place: f"c{place}" for place, _ in constants}
        for place, touch in touches:
            if isinstance(touch, Bag):
                known[f"t{place}"], known[f"a{place}"] = touch.make, touch.absent
                made = f"t{place}(a{place} if v{place} is None else v{place})"
                values[place] = f"{{{', '.join(f'{_name(key)!r}: {made}' for key in touch.keys)}}}"
                continue
            known[f"t{place}"] = touch
            values[place] = f"None if v{place} is None else t{place}(v{place})"
        for place, step in steps:
            known[f"s{place}"] = step
            values[place] = f"s{place}(v{place}, given)"
        constant_places = {place for place, _ in constants}
        found = ", ".join(f"v{place}" for place in range(len(keys)) if place not in constant_places)
        items = ", ".join(f"{_name(key)!r}: {values.get(place, f'v{place}')}" for place, key in enumerate(keys))
        self.many = eval(f"lambda found, given: [{{{items}}} for [{found}] in found]", known)  # noqa: S307  # our text

    def one(self, found: Any, given: Sequence[Given]) -> Any:
        """The object; None for none."""
        return None if found is None else self.many([found], given)[0]


def _name(key: str) -> str:
    # A name in GraphQL is one in Python too; anything else must never become text of a program.
    if not (key.isascii() and key.isidentifier()):
        raise ValueError("no name")
    return key


def each(one: Finish) -> Finish:
    """A list of what `one` finishes."""
    return lambda found, given: [one(item, given) for item in found]


def typed(finishes: Sequence[Finish]) -> Finish:
    """An object that comes, in a list of its own, with the number of its type."""

    def finish(found: Any, given: Sequence[Given]) -> Any:
        (pair,) = found
        return None if pair is None else finishes[pair[0]](pair[1], given)

    return finish


def only(one: Finish) -> Finish:
    """The only object of a list."""
    return lambda found, given: one(found[0], given)


@dataclass(frozen=True, slots=True)
class Failed:
    """What stands in an answer where a field failed, until `failures` takes it out."""

    wanted: Wanted
    error: Exception


def found_or(finish: Finish, failed: Failed) -> Finish:
    """What `finish` makes; a failure of nothing."""
    return lambda found, given: failed if found is None else finish(found, given)


def failures(answer: Any, path: Sequence[str | int]) -> Iterator[tuple[Failed, list[str | int]]]:
    """Each failure in an answer, with its path; null is put in its place.

    answer: an object, a list or a value. path: its own.
    """
    if not isinstance(answer, dict | list):
        return
    inner: Any = answer.items() if isinstance(answer, dict) else enumerate(answer)
    for at, value in inner:
        if isinstance(value, Failed):
            answer[at] = None
            yield value, [*path, at]
        else:
            yield from failures(value, [*path, at])
