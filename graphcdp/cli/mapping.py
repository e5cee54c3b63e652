"""The mapping that a command line states: a file, options, or both."""

from collections.abc import Sequence
from pathlib import Path

from graphcdp.model.errors import ImportFileError
from graphcdp.record.mapping import ImportMapping, TimeFormat, build_mapping, load_mapping


def given_mapping(
    path: Path | None, columns: Sequence[str], constants: Sequence[str], times: TimeFormat | None
) -> ImportMapping | None:
    """The mapping; None when nothing is stated. Raises ImportFileError."""
    content = None
    if path is not None:
        try:
            content = load_mapping(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
            raise ImportFileError(f"The mapping {path} cannot be read: {reason}.") from error
    elif not columns and not constants and times is None:
        return None
    return build_mapping(content, columns=columns, constants=constants, times=times, where=str(path or "The mapping"))
