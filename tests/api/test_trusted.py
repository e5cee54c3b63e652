"""docs/http.md, rule 12: stored operations, by their id over real HTTP."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from graphcdp.api.schema import schema
from graphcdp.api.trusted import trusted_documents
from graphcdp.app import Platform
from graphcdp.model.errors import SettingsError
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Json, serving
from tests.api.test_http import code

ONE = "query One($id: String!) { customer(by: {userId: $id}) { id } }\n"
WRITE = 'mutation { recordEvent(input: {name: "x", identifiers: [{userId: "u1"}]}) { status } }'


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stored operations."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "one.graphql").write_text(ONE)
    (tmp_path / "write.gql").write_text(WRITE)
    (tmp_path / "README.md").write_text("no operation")
    return tmp_path


def stored(path: Path, *, only: bool = False) -> Settings:
    return Settings(trusted_documents=path, trusted_only=only)


async def test_an_operation_by_its_id(store: Store, recorder: Recorder, folder: Path) -> None:
    async with serving(Platform(stored(folder), store, recorder)) as client:
        variables = {"variables": {"id": "u1"}}
        for name in (sha(ONE), f"sha256:{sha(ONE)}", sha(ONE.strip()), sha(ONE).upper()):
            response = await client.post("/graphql", json={"documentId": name, **variables})
            assert response.json() == {"data": {"customer": None}}, response.text
        older = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha(ONE)}}, **variables}
        assert (await client.post("/graphql", json=older)).json() == {"data": {"customer": None}}
        by_get = await client.get("/graphql", params={"documentId": sha(ONE), "variables": '{"id": "u1"}'})
        assert (by_get.json(), "etag" in by_get.headers) == ({"data": {"customer": None}}, True)
        assert (await client.get("/graphql", params={"documentId": sha(WRITE)})).status_code == 405
        free = await client.post("/graphql", json={"query": "{ __typename }"})
        assert free.status_code == 200, "others are executed as well unless strict"


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"documentId": "0" * 64}, 400, "DOCUMENT_NOT_FOUND"),
        ({"documentId": ""}, 400, "DOCUMENT_NOT_FOUND"),
        ({"documentId": 7}, 400, "BAD_REQUEST"),
        ({"documentId": sha(ONE), "query": ONE}, 400, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": {"sha256Hash": "0" * 64}}}, 400, "PERSISTED_QUERY_NOT_FOUND"),
        ({"extensions": {"persistedQuery": {}}}, 400, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": 7}}, 400, "BAD_REQUEST"),
        ({"query": "{ __typename }"}, 403, "DOCUMENT_NOT_TRUSTED"),
        ({"query": ONE.replace("id }", "id email }")}, 403, "DOCUMENT_NOT_TRUSTED"),
        ({"query": "{ __schema { types { name } } }"}, 403, "DOCUMENT_NOT_TRUSTED"),
        ({}, 400, "BAD_REQUEST"),
    ],
)
async def test_nothing_else_in_strict_mode(
    store: Store, recorder: Recorder, folder: Path, body: Json, status: int, expected: str
) -> None:
    async with serving(Platform(stored(folder, only=True), store, recorder)) as client:
        response = await client.post("/graphql", json=body)
        assert (response.status_code, code(response)) == (status, expected)
        if expected == "PERSISTED_QUERY_NOT_FOUND":
            assert response.json()["errors"][0]["message"] == "PersistedQueryNotFound"
        text = await client.post("/graphql", json={"query": ONE, "variables": {"id": "u1"}})
        assert text.json() == {"data": {"customer": None}}, "its text is as good as its id"


async def test_without_stored_operations(store: Store, recorder: Recorder) -> None:
    async with serving(Platform(Settings(), store, recorder)) as client:
        response = await client.post("/graphql", json={"documentId": sha(ONE)})
        assert (response.status_code, code(response)) == (400, "DOCUMENT_NOT_FOUND")


@pytest.mark.parametrize(
    "manifest",
    [
        {sha(ONE): ONE},
        {f"sha256:{sha(ONE)}": ONE},
        {"format": "x", "version": 1, "operations": [{"id": sha(ONE), "name": "One", "type": "query", "body": ONE}]},
    ],
)
def test_a_manifest(tmp_path: Path, manifest: Json) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    assert trusted_documents(stored(path), schema).text_by_id == {sha(ONE): ONE}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no manifest"),
        ("[]", "no manifest"),
        ("{}", "no operation"),
        ({"one": ONE}, "no manifest"),
        ({sha("x"): 7}, "no manifest"),
        ({"operations": [7]}, "no manifest"),
        ({sha("x"): "{ a"}, "Syntax Error"),
        ({sha("x"): "{ nothing }"}, "nothing"),
        ({sha("x"): "{" + " __typename" * 21 + "}"}, "copies"),
        (b"\xff", "UTF-8"),
    ],
)
def test_what_cannot_be_stored_is_told_at_start(tmp_path: Path, content: Any, said: str) -> None:
    path = tmp_path / "manifest.json"
    text = json.dumps(content) if isinstance(content, dict) else content
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingsError, match=said):
        trusted_documents(stored(path), schema)


def test_what_is_not_there_is_told_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        trusted_documents(stored(tmp_path / "nowhere"), schema)
    with pytest.raises(SettingsError, match="no operation"):
        trusted_documents(stored(tmp_path), schema)
    monkeypatch.setenv("GRAPHCDP_TRUSTED_ONLY", "true")
    with pytest.raises(SettingsError, match="GRAPHCDP_TRUSTED_DOCUMENTS"):
        Settings.load()
