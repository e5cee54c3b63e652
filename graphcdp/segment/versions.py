"""What edits leave behind: who did what, and what became different. Source: docs/segments.md, rules 17 and 18."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graphcdp.model.principals import Principal
from graphcdp.segment.definitions import Status

VERSIONS_MAX = 1000
"""Of one segment; the oldest go first."""


class Action(StrEnum):
    """What an edit was."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"
    REVERTED = "REVERTED"  # to an older version
    ARCHIVED = "ARCHIVED"
    RESTORED = "RESTORED"
    KEPT = "KEPT"  # no edit: what it was when versions began to be kept


class Field(StrEnum):
    """What an edit can make different. STATUS: whether it is live, paused or archived."""

    NAME = "NAME"
    DESCRIPTION = "DESCRIPTION"
    RULE = "RULE"
    STATUS = "STATUS"


@dataclass(frozen=True, slots=True)
class Editor:
    """Who edits. id: of an API key, or a word. name: what the key is called."""

    id: str
    name: str | None = None


PROCESS = Editor("owner")
"""Whoever asks a server without keys, and the process itself."""
COMMAND_LINE = Editor("cli")


def editor(principal: Principal) -> Editor:
    """Who edits when this principal does."""
    return Editor(principal.name, principal.label or None)


def changed(before: Mapping[str, Any], properties: Mapping[str, Any]) -> list[Field]:
    """What an edit makes different.

    before: name, description, rule and status as they are stored. properties: those
    that the edit sets.
    """
    found = [
        field
        for field in (Field.NAME, Field.DESCRIPTION, Field.RULE)
        if field.lower() in properties and properties[field.lower()] != before[field.lower()]
    ]
    if _settled(properties.get("status", before["status"])) != _settled(before["status"]):
        found.append(Field.STATUS)
    return found


def _settled(status: str | None) -> str | None:
    return Status.LIVE.value if status == Status.BUILDING.value else status
