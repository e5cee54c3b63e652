"""The download of the embedded database as a bar."""

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


class DownloadBar:
    """Shows how far the download is, from its `begin` to its `end`; nothing when there is none."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("Fetching Neo4j, once"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("download", start=False, visible=False)

    def begin(self, files: int, size_bytes: int) -> None:
        """So much is missing."""
        self._progress.start()
        self._progress.update(self._task, total=size_bytes, visible=files > 0)
        self._progress.start_task(self._task)

    def advance(self, files: int, size_bytes: int) -> None:
        """So much more has arrived."""
        self._progress.update(self._task, advance=size_bytes)

    def end(self) -> None:
        """No more will come."""
        self._progress.stop()
