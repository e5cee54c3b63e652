"""The file in which an import keeps bad rows."""

from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

from graphcdp.model.errors import ImportFileError
from graphcdp.record.files import BadRow


class Rejects:
    """The file of bad rows; made anew with the first one, or continued. Use it as a context manager.

    size_bytes: of what it holds. count: rows that were kept by this run.
    """

    def __init__(self, path: Path, size_bytes: int = 0) -> None:
        """size_bytes: how much of the file, when it is there, tells of rows that are done; the rest is cut off."""
        self.path = path
        self.size_bytes = size_bytes
        self.count = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def keep(self, path: Path, bad: BadRow) -> None:
        """Write one bad row of the file at `path`. Raises ImportFileError."""
        try:
            if self._file is None:
                self._file = self._opened()
            row = {"file": str(path), "line": bad.line, "reason": bad.reason, "row": bad.text}
            self.size_bytes += self._file.write(orjson.dumps(row) + b"\n")
            self._file.flush()
        except OSError as error:
            raise ImportFileError(f"{self.path} cannot be written: {error.strerror}; give --rejected.") from error
        self.count += 1

    def _opened(self) -> IO[bytes]:
        if not self.size_bytes or not self.path.exists():
            self.size_bytes = 0
            return self.path.open("wb")
        file = self.path.open("r+b")
        self.size_bytes = min(self.size_bytes, file.seek(0, 2))
        file.truncate(self.size_bytes)
        file.seek(self.size_bytes)
        return file
