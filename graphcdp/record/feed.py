"""What the feed keeps: for how long, and without what was erased. Source: docs/feed.md, rules 9 and 10."""

from collections.abc import Sequence

import orjson

from graphcdp.model.changes import from_json
from graphcdp.model.redaction import Erasure, redacted
from graphcdp.record.tries import transact_again
from graphcdp.store import Store, Transaction
from graphcdp.store.feed import page_text

PAGES_AT_ONCE = 1000


async def trim(store: Store, *, keep_s: float, keep_max: int) -> int:
    """Drop changes that are older, or more, than is kept; how many pages. Safe at any time, in several processes.

    keep_s: in seconds. keep_max: changes; some more may stay, since a page is dropped as a whole. Who drops
    at the same moment may count the same pages.
    """
    # The beginning of the feed is moved first, for whoever reads; so a walk of the pages never meets a hole.
    limits = {"keep_s": keep_s, "keep_max": keep_max, "limit": PAGES_AT_ONCE}
    dropped = 0
    while True:
        until = (await store.read("feed/droppable", **limits))[0]["until"]
        if until is not None:
            await _raise_floor(store, until)
        (row,) = await transact_again(store, lambda tx: tx.run("feed/drop", limit=PAGES_AT_ONCE))
        dropped += int(row["dropped"])
        if until is None and row["dropped"] < PAGES_AT_ONCE:
            return dropped


async def redact_feed(store: Store) -> int:
    """Take what was erased out of the feed; how many pages were written anew. Safe at any time."""
    rewritten = 0
    for row in await store.read("feed/erasures"):
        erasure = Erasure(frozenset(row["ids"]), frozenset(row["keys"]), frozenset(row["others"]))
        words = [_as_written(word) for word in (*row["ids"], *row["keys"], *row["others"])]
        after: int | None = 0
        while after is not None:
            after, count = await _redact_pages(store, after, words, erasure)
            rewritten += count
        await _forget(store, row["erasure"])
    return rewritten


async def _raise_floor(store: Store, until: int) -> None:
    await store.transact(lambda tx: tx.run("feed/raise_floor", until=until))


async def _forget(store: Store, erasure: str) -> None:
    await store.transact(lambda tx: tx.run("feed/erased", erasure=erasure))


async def _redact_pages(store: Store, after: int, words: Sequence[str], erasure: Erasure) -> tuple[int | None, int]:
    async def work(tx: Transaction) -> tuple[int | None, int]:
        (found,) = await tx.run("feed/mentions", after=after, limit=PAGES_AT_ONCE, words=words)
        pages = []
        for page in found["pages"]:
            text = page_text([redacted(from_json(told), erasure) for told in orjson.loads(page["changes"])])
            if text != page["changes"]:
                pages.append({"last": page["last"], "changes": text})
        if pages:
            await tx.run("feed/rewrite", pages=pages)
        return found["last"], len(pages)

    return await transact_again(store, work)


def _as_written(word: str) -> str:
    """A text as JSON writes it between its quotation marks."""
    return orjson.dumps(word).decode()[1:-1]
