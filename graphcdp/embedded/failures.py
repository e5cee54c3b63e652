"""From what a server wrote before it ended to one line that says why. Pure."""

import re
from enum import Enum


class Cause(Enum):
    """Causes that the starter can do something about itself."""

    PORT_TAKEN = "port"
    OTHER = "other"


# The first pattern found decides, so the particular come before the general.
_REASONS: tuple[tuple[str, Cause, str], ...] = (
    (r"Address already in use", Cause.PORT_TAKEN, "its port is in use by another program"),
    (
        r"No space left on device|Not enough (?:free )?(?:disk )?space",
        Cause.OTHER,
        "the disk is full; make room, or name another folder with GRAPHCDP_DATA_DIR",
    ),
    (
        r"Could not reserve enough space|insufficient memory for|OutOfMemoryError|exceeds physical memory",
        Cause.OTHER,
        "there is not enough memory; end other programs, or lower GRAPHCDP_HEAP_MAX and GRAPHCDP_PAGE_CACHE",
    ),
    (
        r"Invalid (?:maximum|initial) heap size|Too small (?:maximum|initial) heap|Initial heap size set to",
        Cause.OTHER,
        "Java does not accept GRAPHCDP_HEAP_MAX; give it a size such as 512m or 1g",
    ),
    (
        r"FileLockException|[Ll]ock file has been locked|store_lock",
        Cause.OTHER,
        "another Neo4j uses the same data folder; stop that one first",
    ),
    (
        r"UnsupportedStoreVersion|UnsupportedLogVersion|StoreUpgrade|newer version of|Unknown store version",
        Cause.OTHER,
        "the data were written by a Neo4j of another version, probably a newer one; use that version of GraphCDP",
    ),
    (
        r"AccessDenied|Permission denied",
        Cause.OTHER,
        "a file of the data folder may not be read or written; make the whole folder your own",
    ),
)
_NOISE = re.compile(r"^\s*(?:WARNING:|at |\.\.\. \d+ more|$)")
_STAMP = re.compile(r"^[\d-]+ [\d:.]+\+\d{4} \w+\s+")
_LINE_MAX = 300


def reason(written: str) -> tuple[Cause, str]:
    """Why a server ended, from the text of its log and its output; a phrase without a full stop.

    What is unknown is told in the server's own words: its last error, else its last line.
    """
    for pattern, cause, phrase in _REASONS:
        if re.search(pattern, written):
            return cause, phrase
    lines = [line for line in written.splitlines() if not _NOISE.match(line)]
    errors = [line for line in lines if re.search(r"\bERROR\b|\bError:|Exception:", line)]
    last = (errors or lines or ["it wrote nothing"])[-1]
    return Cause.OTHER, _STAMP.sub("", last).strip().rstrip(".")[:_LINE_MAX]
