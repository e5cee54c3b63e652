"""A destination that counts changes by type in a file: an example of a plug-in for GraphCDP."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphcdp.deliver.destination import Outgoing, take_options
from graphcdp.model.errors import DeliveryError, DestinationError
from graphcdp.settings import Settings


class CounterDestination:
    """Keeps {last, counts}: with the number of the last change, so that what comes twice counts once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = 0
        self._counts: Counter[str] = Counter()

    async def open(self) -> None:
        """Read what was counted before."""
        if self._path.exists():
            kept = json.loads(self._path.read_text())
            self._last, self._counts = kept["last"], Counter(kept["counts"])

    async def deliver(self, batch: Sequence[Outgoing]) -> None:
        """Count, and write it down in one step."""
        counts = self._counts + Counter(one.body()["type"] for one in batch if one.sequence > self._last)
        last = max(self._last, batch[-1].sequence)
        beside = self._path.with_suffix(".tmp")
        try:
            beside.write_text(json.dumps({"last": last, "counts": counts}))
            beside.replace(self._path)
        except OSError as error:
            # The batch comes again, later.
            raise DeliveryError(f"{self._path} cannot be written: {error.strerror}") from error
        self._last, self._counts = last, counts

    async def close(self) -> None:
        """Nothing is held open."""


def make(options: Mapping[str, Any], settings: Settings) -> CounterDestination:
    """What the entry point names."""
    given = take_options(options, path=str)
    if "path" not in given:
        raise DestinationError("The option path is missing.")
    return CounterDestination(Path(given["path"]))
