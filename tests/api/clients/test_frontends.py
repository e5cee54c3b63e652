"""docs/frontends.md: what it shows works as it stands there, with the clients that it names."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from graphcdp.api.tokens import sign_token
from graphcdp.api.trusted import document_id
from graphcdp.app import Platform
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.clients import installed, node
from tests.api.conftest import Caller, event, record, serving
from tests.api.live import nothing_left, set_job

PAGE = (Path(__file__).parents[3] / "docs" / "frontends.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
(OPERATION,) = re.findall(r"```graphql\n(.*?)\n```", PAGE, re.DOTALL)
SECRET = "a secret of a test, long enough for it"
DONE = {"status": "SUCCEEDED", "done": 7}
JOB = {"id": "job_a", **DONE}


def snippets(section: str) -> list[str]:
    found = re.findall(r"```js\n(.*?)```", SECTIONS[section], re.DOTALL)
    assert found, f"docs/frontends.md shows nothing under {section}"
    return found


@dataclass(frozen=True, slots=True)
class Front:
    """Runs snippets against a server."""

    folder: Path
    given: dict[str, str]

    async def rendered(self, snippet: str) -> list[Any]:
        """What it renders."""
        given = "".join(f"const {name} = {orjson.dumps(value).decode()};\n" for name, value in self.given.items())
        code = f"{given}const render = (shown) => console.log(JSON.stringify(shown));\n{snippet}\nprocess.exit(0);\n"
        # Read from its input, it finds the packages of the folder that it is run in.
        running = await asyncio.create_subprocess_exec(
            node(),
            "--input-type=module",
            "-",
            cwd=self.folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(120):
                out, err = await running.communicate(code.encode())
        finally:
            if running.returncode is None:
                running.kill()
        assert running.returncode == 0, err.decode()
        return [orjson.loads(line) for line in out.splitlines()]


@pytest.fixture
async def front(store: Store, recorder: Recorder, tmp_path: Path) -> AsyncIterator[Front]:
    """A server with one visitor, one job that is over, and the page's operation stored."""
    folder = await asyncio.to_thread(installed)
    (tmp_path / "page.graphql").write_text(OPERATION)
    _, admin = await create_key(store, "admin", ["admin", "pii"], utc_now())
    _, public = await create_key(store, "page", ["write"], utc_now())
    await set_job(store, status="SUCCEEDED", done=7)
    settings = Settings(token_secret=SecretStr(SECRET), trusted_documents=tmp_path)
    async with serving(Platform(settings, store, recorder)) as http:
        http.headers["Authorization"] = f"Bearer {admin}"
        await record(Caller(http, store), event("e1", name="Product Viewed", properties={"product": "pear"}))
        given = {
            "api": str(http.base_url.join("/graphql")),
            "token": sign_token(SECRET, "user:u1", utc_now() + timedelta(minutes=10)),
            "publicKey": public,
            "key": admin,
            "job": "job_a",
        }
        yield Front(folder, given)


async def test_a_page_in_one_round_trip(front: Front) -> None:
    (snippet,) = snippets("Personalise a page in one round trip")
    assert await front.rendered(snippet) == [{"displayName": "u1", "weekly": False}]


async def test_record_from_the_page(front: Front) -> None:
    (snippet,) = snippets("Record from the page")
    assert await front.rendered(snippet) == [{"status": "RECORDED", "errors": []}]


async def test_stored_operations(front: Front) -> None:
    (snippet,) = snippets("Stored operations")
    assert document_id(OPERATION) in snippet, f"the operation's id is now {document_id(OPERATION)}"
    (me,) = await front.rendered(snippet)
    assert me["displayName"] == "u1"
    assert [one["properties"] for one in me["viewed"]["nodes"]] == [{"product": "pear"}]


@pytest.mark.parametrize("section", ["urql", "Apollo Client"])
async def test_clients_with_caches(front: Front, section: str) -> None:
    (snippet,) = snippets(section)
    customer, job = await front.rendered(snippet)
    assert customer["displayName"] == "u1"
    assert {name: job[name] for name in JOB} == JOB
    await nothing_left()


async def test_subscriptions_without_a_client(front: Front) -> None:
    by_socket, by_stream = snippets("Subscriptions without a client")
    assert await front.rendered(by_socket) == [DONE]
    assert await front.rendered(by_stream) == [DONE]
    await nothing_left()


def test_each_snippet_is_tried() -> None:
    tried = (
        "Personalise a page in one round trip",
        "Record from the page",
        "Stored operations",
        "urql",
        "Apollo Client",
        "Subscriptions without a client",
    )
    assert PAGE.count("```js") == sum(len(snippets(one)) for one in tried)
