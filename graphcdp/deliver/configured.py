"""The file of destinations that GRAPHCDP_DESTINATIONS names. Source: docs/destinations.md, rules 1 and 2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from graphcdp.deliver.destination import Destination, make_of
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.model.errors import DestinationError, InvalidReferenceError
from graphcdp.settings import Settings

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_FILTERS = ("kinds", "segments", "events", "traits")
_KNOWN = ("type", "start", "options", *_FILTERS)
STARTS = ("now", "start")


@dataclass(frozen=True, slots=True)
class Configured:
    """A destination of the file. name: its id is dst_<name>. from_start: a new one begins with the oldest change."""

    name: str
    type: str
    filter: ChangeFilter
    from_start: bool
    options: Mapping[str, Any]

    @property
    def id(self) -> str:
        """How the graph knows it."""
        return f"dst_{self.name}"

    def make(self, settings: Settings) -> Destination:
        """The destination. Raises DestinationError."""
        try:
            return make_of(self.type)(self.options, settings)
        except DestinationError as error:
            raise DestinationError(f"The destination {self.name!r}: {error}") from error


def read_destinations(path: Path) -> list[Configured]:
    """The destinations of a file. Raises DestinationError with one line that says where."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DestinationError(f"{path} cannot be read.") from error
    except yaml.YAMLError as error:
        raise DestinationError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise DestinationError(f"{path}: write one destination a name, such as `lake: {{type: file, options: {{…}}}}`.")
    return [_one(str(name), given, path) for name, given in content.items()]


def _one(name: str, given: Any, path: Path) -> Configured:
    where = f"{path}: {name}"
    if not _NAME.fullmatch(name):
        raise DestinationError(f"{where}: a name has a-z, 0-9 and -, at most 60 characters.")
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        raise DestinationError(f"{where}: `type` is missing, such as file or kafka.")
    for key in given:
        if key not in _KNOWN:
            raise DestinationError(f"{where}: {key!r} is not known; known are {', '.join(_KNOWN)}.")
    options, start = given.get("options") or {}, given.get("start", "now")
    if not isinstance(options, dict):
        raise DestinationError(f"{where}: `options` is one option a name.")
    if start not in STARTS:
        raise DestinationError(f"{where}: `start` is {start!r}; it takes {' or '.join(STARTS)}.")
    names: dict[str, list[str]] = {}
    for key in _FILTERS:
        listed = given.get(key) or []
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise DestinationError(f"{where}: `{key}` is a list of names.")
        names[key] = listed
    try:
        filter_ = ChangeFilter.of(**names)
    except InvalidReferenceError as error:
        raise DestinationError(f"{where}: {error}") from error
    return Configured(name, given["type"], filter_, start == "start", options)
