"""What the tests of the embedded server share."""

from pathlib import Path

import pytest

from graphcdp.settings import Settings


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """The cache that the settings name: filled once, then used by every run."""
    return Settings.load().cache_dir
