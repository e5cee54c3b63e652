"""What is shown to newcomers works: GraphiQL's first tabs and the operations of README are valid."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
TABS = re.findall(r"= `(#.*?)`", (ROOT / "web" / "src" / "examples.ts").read_text(encoding="utf-8"), re.DOTALL)
README = re.findall(r"```graphql\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("document", [text for text in TABS if "{" in text] + README)
def test_an_example_is_valid(document: str) -> None:
    assert validate(SCHEMA, parse(document)) == []


def test_there_are_examples() -> None:
    assert len([text for text in TABS if "{" in text]) >= 3
    assert README
