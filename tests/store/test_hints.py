"""A hint without SEEK is met by a walk over the whole index too, which the database prefers when it knows little."""

import pytest

from graphcdp.store import statements

WALKS = {"read/catalog_sources", "read/catalog_trait_samples"}
"""Which take the first of an index in its order, whatever they are."""


@pytest.mark.parametrize("name", [name for name in statements.names() if "USING INDEX " in statements.text(name)])
def test_a_hint_says_that_a_seek_is_meant(name: str) -> None:
    assert ("USING INDEX " in statements.text(name).replace("USING INDEX SEEK ", "")) == (name in WALKS)
