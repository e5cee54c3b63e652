"""Small text files that people write: rules, plans."""

from pathlib import Path

from graphcdp.model.errors import GraphCDPError

FILE_BYTES_MAX = 1024 * 1024


def read_small(path: Path, error_type: type[GraphCDPError]) -> str:
    """The text of a file of at most 1 MiB. Raises an error of this type."""
    try:
        content = path.read_bytes()
        if len(content) > FILE_BYTES_MAX:
            raise error_type(f"{path}: the file has more than 1 MiB.")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise error_type(f"{path}: the file is no UTF-8.") from error
    except OSError as error:
        raise error_type(f"{path} cannot be read: {error.strerror}.") from error
