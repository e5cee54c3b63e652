"""What a destination of changes is, and how its plug-in is found. Source: docs/destinations.md."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pkgutil import resolve_name
from typing import Any, Protocol, TypeAlias

import orjson

from graphcdp.deliver.shape import JsonObject, public_change
from graphcdp.model.changes import Sequenced
from graphcdp.model.errors import DestinationError
from graphcdp.settings import Settings

GROUP = "graphcdp.destinations"
BUILT_IN: Mapping[str, str] = {
    "webhook": "graphcdp.deliver.webhook:make",
    "file": "graphcdp.deliver.file:make",
    "kafka": "graphcdp.deliver.kafka:make",
}
"""Those that come along; no plug-in takes their names."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One change on its way. id: the same each time that this change is told to this destination."""

    id: str
    told: Sequenced

    @property
    def sequence(self) -> int:
        """Its number in the feed."""
        return self.told.seq

    @property
    def customer(self) -> str:
        """Whom it concerns, as of then; what is kept in order by key, is by this."""
        return self.told.change.customer

    def body(self) -> JsonObject:
        """Its public form: docs/webhooks.md, rule 20."""
        return public_change(self.told)

    def text(self) -> bytes:
        """The same as JSON on one line."""
        return orjson.dumps(self.body())


class Destination(Protocol):
    """Something that changes are told to. One process at a time uses one."""

    async def open(self) -> None:
        """Get ready; called before the first batch, and again after an error.

        Raises DeliveryError when it cannot now: then it is called again later.
        """

    async def deliver(self, batch: Sequence[Outgoing]) -> None:
        """Take 1..1000 changes, in the order of the feed. On return they are safe there.

        Raises DeliveryError when not all are: then the whole batch comes again, until it is taken, perhaps from
        another process. A change may so come twice, with the same id.
        """

    async def close(self) -> None:
        """Let go of everything; never fails."""


Make: TypeAlias = Callable[[Mapping[str, Any], Settings], Destination]
"""What an entry point names: makes a destination of its options, as the file has them. Raises DestinationError."""


def make_of(type_: str) -> Make:
    """The maker of destinations of a type: of our own, or of a package that is installed. Raises DestinationError."""
    named = {point.name: point.value for point in entry_points(group=GROUP)} | dict(BUILT_IN)
    if type_ not in named:
        raise DestinationError(
            f"There is no type of destination {type_!r}; there are {', '.join(sorted(named))}. Install the package "
            f"that brings it."
        )
    try:
        make: Make = resolve_name(named[type_])
    except (ImportError, AttributeError, ValueError) as error:
        raise DestinationError(f"The destination {type_!r} ({named[type_]}) cannot be loaded: {error}.") from error
    return make


def take_options(options: Mapping[str, Any], **types: type | tuple[type, ...]) -> dict[str, Any]:
    """The options, checked: each by its type. Raises DestinationError for one of another name or type."""
    for name, value in options.items():
        if name not in types:
            raise DestinationError(f"There is no option {name!r}; there are {', '.join(sorted(types))}.")
        if not isinstance(value, types[name]) or (isinstance(value, bool) and types[name] is not bool):
            raise DestinationError(f"The option {name} is {value!r}, which is of the wrong type.")
    return dict(options)
