"""What a source sends: a message that tracks an event, identifies or aliases.

The shape is checked here, by pydantic; identifiers are cleaned later, by
`graphcdp.resolve.clean`, since that needs the rules.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from graphcdp.model.identifiers import Claim

MESSAGE_ID_LENGTH_MAX = 200
EVENT_NAME_LENGTH_MAX = 200
SOURCE_LENGTH_MAX = 100
IDENTIFIERS_MAX = 20
UNSET_MAX = 100
BYTES_MAX = 32 * 1024  # of properties, context or traits, each, as JSON
KEYS_MAX = 500  # of properties, context or traits, in all levels
DEPTH_MAX = 10
AHEAD_MAX_H = 24  # how far a message's time may lie ahead of the server's
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


class MessageType(StrEnum):
    """What a message does."""

    TRACK = "track"  # records an event
    IDENTIFY = "identify"  # states traits of whoever has the identifiers; records no event
    ALIAS = "alias"  # states that identifiers are one person; records no event


def _object(value: Any) -> Any:
    return {} if value is None else value


JsonObject = Annotated[dict[str, Any], BeforeValidator(_object)]


class Message(BaseModel):
    """One message in its right shape.

    id: the producer's; the same id is never taken twice. name: of the event,
    for TRACK. at: when it happened, UTC. traits: top-level names and JSON
    values; unset: names of traits to remove. source: who sent it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)

    type: MessageType = MessageType.TRACK
    id: str = Field(min_length=1, max_length=MESSAGE_ID_LENGTH_MAX)
    at: datetime
    name: str = Field(default="", max_length=EVENT_NAME_LENGTH_MAX)
    identifiers: tuple[Claim, ...] = Field(default=(), max_length=IDENTIFIERS_MAX)
    properties: JsonObject = Field(default_factory=dict)
    context: JsonObject = Field(default_factory=dict)
    traits: JsonObject = Field(default_factory=dict)
    unset: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(default=(), max_length=UNSET_MAX)
    source: str = Field(default="api", min_length=1, max_length=SOURCE_LENGTH_MAX)

    @property
    def states_traits(self) -> bool:
        """Whether it says anything about traits."""
        return bool(self.traits or self.unset)


RawMessage = dict[str, Any]
"""A message before its shape is checked: the fields of `Message` by name, all optional.

`id` and `at` are made when absent; `at` may be RFC 3339 text or a datetime;
`identifiers` is a list of (kind, value) pairs. One with `unfit`, a `Problem`,
is refused for it and kept with all that it holds: what came could not be read
as a message.
"""
