"""Why a server ended, in one line, from what it wrote."""

import pytest

from graphcdp.embedded.failures import Cause, reason

STAMP = "2026-11-24 10:38:29.757+0000"


@pytest.mark.parametrize(
    ("written", "cause", "part"),
    [
        (f"{STAMP} ERROR Failed\nCaused by: java.net.BindException: Address already in use", Cause.PORT_TAKEN, "port"),
        ("java.io.IOException: No space left on device", Cause.OTHER, "disk is full"),
        ("# There is insufficient memory for the Java Runtime Environment to continue.", Cause.OTHER, "HEAP_MAX"),
        ("java.lang.OutOfMemoryError: Java heap space", Cause.OTHER, "memory"),
        ("Invalid memory configuration - exceeds physical memory.", Cause.OTHER, "GRAPHCDP_PAGE_CACHE"),
        ("Invalid maximum heap size: -Xmx1x", Cause.OTHER, "GRAPHCDP_HEAP_MAX"),
        ("FileLockException: Lock file has been locked by another process", Cause.OTHER, "another Neo4j"),
        ("UnsupportedStoreVersionException: block-block-9.9", Cause.OTHER, "another version"),
        ("java.nio.file.AccessDeniedException: /data/x", Cause.OTHER, "read or written"),
        (
            f"{STAMP} INFO  Starting...\n{STAMP} ERROR Something odd.\n\tat a.B.c(D.java:1)\n",
            Cause.OTHER,
            "Something odd",
        ),
        ("WARNING: noise\nthe last words\n", Cause.OTHER, "the last words"),
        ("", Cause.OTHER, "nothing"),
    ],
)
def test_reason(written: str, cause: Cause, part: str) -> None:
    found, phrase = reason(written)
    assert found is cause
    assert part in phrase
    assert "\n" not in phrase
    assert not phrase.endswith(".")
    assert STAMP not in phrase
