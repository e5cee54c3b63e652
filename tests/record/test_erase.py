"""An erasure that a stop broke off is finished later: docs/identity.md, rule 12."""

from graphcdp.model.statement import Statement
from graphcdp.record.erase import finish_erasures
from graphcdp.record.recorder import Recorder
from graphcdp.store import Store

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
LEFT = Statement("MATCH (n) WHERE NOT n:Migration AND NOT n:Feed AND NOT n:ChangePage RETURN count(n) AS left")


async def test_what_hangs_on_erased_identifiers_goes_with_them(store: Store, recorder: Recorder) -> None:
    await recorder.record([MESSAGE])
    await store.transact(lambda tx: tx.run_generated(BEGUN))
    assert await finish_erasures(store) == 1
    assert await store.read_generated(LEFT) == [{"left": 0}]
    assert await finish_erasures(store) == 0
