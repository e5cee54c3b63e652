"""Operations beside the statements that they become, and what these do in the database.

`personalise.graphql` becomes `personalise.cypher`. The last line of an operation
may be its variables; the first one may name the scopes of a key, and then no
personal value leaves the database. After a change that is meant, write the statements anew:

    WRITE_PAIRS=1 python -m pytest tests/plan/test_pairs.py
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from graphcdp.api.context import Context
from graphcdp.api.schema import executor
from graphcdp.model.principals import OWNER, Principal, Scope, key_principal
from graphcdp.model.statement import SharedStatement, Statement, together
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.plan.made import personal_in

PAIRS = sorted((Path(__file__).parent / "pairs").glob("*.graphql"))
SCANS = {"AllNodesScan", "NodeByLabelScan", "DirectedAllRelationshipsScan", "UndirectedRelationshipTypeScan"}

SCOPES = "# scopes: "


def operation(pair: Path) -> tuple[str, dict[str, Any]]:
    """The operation of a pair, with its variables."""
    text = pair.read_text(encoding="utf-8")
    last = text.rstrip().rpartition("\n")[2]
    variables: dict[str, Any] = json.loads(last.removeprefix("# ")) if last.startswith("# {") else {}
    return text, variables


def principal_of(pair: Path) -> Principal:
    """Who asks."""
    first = operation(pair)[0].partition("\n")[0]
    if not first.startswith(SCOPES):
        return OWNER
    return key_principal("key_x", [Scope(scope) for scope in first.removeprefix(SCOPES).split()])


async def statement_of(pair: Path, store: Store, recorder: Recorder) -> Statement:
    """The statement that the operation becomes."""
    text, variables = operation(pair)
    context = Context(store=store, recorder=recorder, settings=Settings(), principal=principal_of(pair))
    found = executor.statement(text, variables, context)
    assert found is not None, "the operation is planned as a whole"
    return found


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.stem)
async def test_an_operation_becomes_its_statement(pair: Path, store: Store, recorder: Recorder) -> None:
    statement = await statement_of(pair, store, recorder)
    beside = pair.with_suffix(".cypher")
    if os.environ.get("WRITE_PAIRS"):
        beside.write_text(f"{statement.text}\n", encoding="utf-8")
    assert beside.read_text(encoding="utf-8") == f"{statement.text}\n"
    texts = [value for value in statement.parameters.values() if isinstance(value, str) and value]
    assert not any(value in statement.text for value in texts), "a value never becomes text"
    if not principal_of(pair).sees_personal:
        assert personal_in(statement) == []


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.stem)
async def test_a_statement_keeps_to_the_indexes(pair: Path, store: Store, recorder: Recorder, explained: Any) -> None:
    statement = await statement_of(pair, store, recorder)
    several = [together([statement, statement])] if isinstance(statement, SharedStatement) else []
    # There are few segments: all are read, and put in the order of their names in any case, which no index has.
    scans = SCANS - {"NodeByLabelScan"} if pair.stem == "segments" else SCANS
    for one in (statement, *several):
        operators = await explained(one)
        assert scans.isdisjoint(operators), operators
        # Histories are walked in the index's order, so a page costs what it holds, however long they are.
        if pair.stem in ("personalise", "evidence", "stream"):
            assert any("NodeIndexSeek" in operator for operator in operators)
