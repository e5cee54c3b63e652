"""What is shown to newcomers works: GraphiQL's first tabs and the operations of README are valid."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
TABS = [
    text
    for text in re.findall(r"= `(#.*?)`", (ROOT / "web" / "src" / "examples.ts").read_text(encoding="utf-8"), re.DOTALL)
    # A new tab has comments only.
    if any(line and not line.startswith("#") for line in text.splitlines())
]
README = re.findall(r"```graphql\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("document", TABS + README)
def test_an_example_is_valid(document: str) -> None:
    assert validate(SCHEMA, parse(document)) == []


def test_there_are_examples() -> None:
    assert len(TABS) >= 3
    assert README
