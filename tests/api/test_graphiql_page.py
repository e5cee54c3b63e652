"""docs/http.md, rule 9: in a browser GraphiQL opens with examples, explains the schema, and asks with a key."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from graphcdp.app import Platform
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.browser import Page, browsing
from tests.api.conftest import Caller, event, record, serving

TABS = "[...document.querySelectorAll('.graphiql-tab-button')].map(one => one.innerText)"
PANE = "document.querySelector('.graphiql-plugin')?.innerText ?? ''"
ANSWER = "document.querySelector('.graphiql-response')?.innerText ?? ''"
# Where the page keeps its tabs between visits.
STORED = "(localStorage.getItem('graphiql:tabState') ?? '')"
HEADERS_TAB = "[...document.querySelectorAll('.graphiql-editor-tools button')].find(one => one.innerText == 'Headers')"
HEADERS = "document.querySelector('.graphiql-editor-tool .graphiql-editor:not(.hidden) textarea')"
# Apart from the page and its files; `data:` and `blob:` are of its own making.
STRANGE = ("http://", "https://", "ws://", "wss://")


@asynccontextmanager
async def graphiql(http: httpx.AsyncClient) -> AsyncIterator[Page]:
    """The page as a newcomer sees it; it asks nobody else, and complains about nothing."""
    folder = Path(tempfile.mkdtemp())
    try:
        async with browsing(folder) as page:
            await page.open(str(http.base_url.join("/graphql")))
            await page.until(f"{TABS}.length > 1")
            # Before both are there a click on the button that runs it does nothing.
            await page.until("document.querySelector('.graphiql-query-editor').innerText.includes('OneCustomer')")
            await page.until(f"({PANE}).includes('identityHistory')")
            yield page
            assert page.complaints == []
            own = str(http.base_url)
            assert page.requested
            assert [one for one in page.requested if one.startswith(STRANGE) and not one.startswith(own)] == []
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def test_it_opens_with_examples_and_the_schema(caller: Caller) -> None:
    async with graphiql(caller.http) as page:
        assert await page.value(TABS) == ["OneCustomer", "FindCustomers", "WhyOne", "IdentityHistory", "RecordEvent"]
        # The builder of operations is open.
        assert await page.value("document.querySelectorAll('.graphiql-explorer-root').length") == 1
        # A click there changes the operation.
        await page.click(".graphiql-explorer-caller [data-field-name=caller]")
        await page.click(".graphiql-explorer-caller [data-field-name=kind]")
        await page.until(f"{STORED}.includes('caller {{')")
        await page.click("[aria-label='Show Documentation Explorer']")
        await page.until(f"({PANE}).includes('Root Types')")
        await page.value(
            "[...document.querySelectorAll('.graphiql-plugin a')].find(a => a.innerText == 'Query').click()"
        )
        await page.until(f"({PANE}).includes('Follows merges')")


async def test_a_key_goes_into_the_headers(store: Store, recorder: Recorder) -> None:
    _, key = await create_key(store, "graphiql", ["read", "write"], utc_now())
    async with serving(Platform(Settings(), store, recorder)) as http:
        http.headers["Authorization"] = f"Bearer {key}"
        await record(Caller(http, store), event("e1", by=[{"userId": "hh-1146"}]))
        async with graphiql(http) as page:
            await page.click(".graphiql-execute-button")
            await page.until(f"({ANSWER}).includes('UNAUTHENTICATED')")
            await page.value(f"{HEADERS_TAB}.click()")
            await page.until(f"!!{HEADERS}")
            await page.value(f"{HEADERS}.focus()")
            await page.type(f'{{"Authorization": "Bearer {key}"}}')
            await page.click(".graphiql-execute-button")
            await page.until(f"({ANSWER}).includes('firstSeenAt') && ({ANSWER}).includes('Visit')")
