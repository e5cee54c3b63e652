"""An erasure that a stop broke off is finished later: docs/identity.md, rule 12."""

import asyncio

from graphcdp.model.identifiers import Identifier
from graphcdp.model.outcomes import Status
from graphcdp.model.statement import Statement
from graphcdp.record.erase import finish_erasures
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store, Transaction

MESSAGE = {
    "id": "m1",
    "name": "Seen",
    "at": "2026-01-01T10:00:00Z",
    "identifiers": [["user", "u1"], ["email", "a@x.org"]],
}
BEGUN = Statement(
    "MATCH (c:Customer)<-[held:IDENTIFIES]-(i:Identifier) SET i:Erased REMOVE i:Identifier:User:Email "
    "DELETE held WITH DISTINCT c DETACH DELETE c"
)
# What is counted of a source has no value of anybody; nor has the feed, as its own tests hold.
LEFT = Statement("MATCH (n) WHERE NOT n:Migration|Source|Feed|ChangePage|SegmentEdition RETURN count(n) AS left")


async def test_what_hangs_on_erased_identifiers_goes_with_them(store: Store, recorder: Recorder) -> None:
    await recorder.record([MESSAGE])
    await store.transact(lambda tx: tx.run_generated(BEGUN))
    assert await finish_erasures(store) == 1
    assert await store.read_generated(LEFT) == [{"left": 0}]
    assert await finish_erasures(store) == 0


async def test_a_message_that_waited_for_the_erasure_finds_nobody(store: Store, recorder: Recorder) -> None:
    await recorder.record([MESSAGE])
    (customer,) = await store.read_generated(Statement("MATCH (c:Customer) RETURN c.id AS id"))
    keys = ["email:a@x.org", "user:u1"]
    locked = asyncio.Event()

    async def erase(tx: Transaction) -> None:
        await tx.run("record/part_lock", keys=keys)
        locked.set()
        # The recorder has found the identifiers by now, and waits for them.
        await asyncio.sleep(0.5)
        hashes = [{"key": key, "hash": Identifier(*key.split(":")).fingerprint} for key in keys]
        await tx.run("record/erase_begin", id=customer["id"], hashes=hashes)

    async def record() -> Status:
        await locked.wait()
        (outcome,) = await recorder.record([{**MESSAGE, "id": "m2"}])
        return outcome.status

    _, status = await asyncio.gather(store.transact(erase), record())
    assert status is Status.REJECTED
    await finish_erasures(store)
    assert await store.read_generated(Statement("MATCH (n:Identifier|Customer) RETURN count(n) AS left")) == [
        {"left": 0}
    ]
