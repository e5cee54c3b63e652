"""The destination `file`: JSON Lines, rotated. Source: docs/destinations.md, rules 8 to 10."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BufferedRandom
from pathlib import Path
from typing import Any

from graphcdp.deliver.destination import Outgoing, take_options
from graphcdp.model.errors import DeliveryError, DestinationError
from graphcdp.settings import Settings

ROTATE_BYTES = 100 * 1024 * 1024
_TAIL_BYTES = 64 * 1024


class FileDestination:
    """Appends to a file. rotate_bytes: when it is as large, it gets another name. kept_max: such files; None: all."""

    def __init__(self, path: Path, *, rotate_bytes: int = ROTATE_BYTES, kept_max: int | None = None) -> None:
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._kept_max = kept_max
        self._file: BufferedRandom | None = None

    async def open(self) -> None:
        """Open the file; half a line at its end, which a crash left, is cut off. Raises DeliveryError."""
        await self.close()
        await asyncio.to_thread(self._open)

    async def deliver(self, batch: Sequence[Outgoing]) -> None:
        """Append the changes, and see them on the disk. Raises DeliveryError."""
        await asyncio.to_thread(self._append, b"".join(one.text() + b"\n" for one in batch), batch[-1].sequence)

    async def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "r+b")
            self._cut_half_a_line(self._file)
        except OSError as error:
            raise _failed(self._path, error) from error

    def _append(self, text: bytes, last: int) -> None:
        file = self._file
        if file is None:
            raise DeliveryError(f"{self._path} is not open")
        try:
            start = file.seek(0, os.SEEK_END)
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(start)
                raise
            if file.tell() >= self._rotate_bytes:
                self._rotate(last)
        except OSError as error:
            raise _failed(self._path, error) from error

    def _rotate(self, last: int) -> None:
        assert self._file is not None
        self._file.close()
        # The number first makes names sort by age, and no two of them the same.
        now = datetime.now(UTC)
        self._path.rename(self._path.with_name(f"{self._path.stem}-{last:016}-{now:%Y%m%dT%H%M%SZ}{self._path.suffix}"))
        self._open()
        if self._kept_max is not None:
            old = sorted(self._path.parent.glob(f"{self._path.stem}-{'[0-9]' * 16}-*{self._path.suffix}"))
            for path in old[: max(0, len(old) - self._kept_max)]:
                path.unlink(missing_ok=True)

    def _cut_half_a_line(self, file: BufferedRandom) -> None:
        size = end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _TAIL_BYTES)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end != size:
            file.truncate(end)


def _failed(path: Path, error: OSError) -> DeliveryError:
    return DeliveryError(f"{path} cannot be written: {error.strerror or error}")


def make(options: Mapping[str, Any], _settings: Settings) -> FileDestination:
    """Of the options `path`, `rotate_bytes` and `kept_max`. Raises DestinationError."""
    given = take_options(options, path=str, rotate_bytes=int, kept_max=int)
    if not given.get("path"):
        raise DestinationError("The option path is missing: name a file such as /var/lib/graphcdp/changes.jsonl.")
    rotate_bytes, kept_max = given.get("rotate_bytes", ROTATE_BYTES), given.get("kept_max")
    if rotate_bytes < 1 or (kept_max is not None and kept_max < 1):
        raise DestinationError("The options rotate_bytes and kept_max are 1 or more.")
    return FileDestination(Path(given["path"]).expanduser(), rotate_bytes=rotate_bytes, kept_max=kept_max)
