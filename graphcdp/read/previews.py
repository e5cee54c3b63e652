"""What uniting customers would do. Reads without locks: nothing holds up those who write."""

from collections.abc import Sequence
from datetime import datetime

from graphcdp.model.errors import UnknownReferenceError
from graphcdp.model.identifiers import Identifier
from graphcdp.read.rows import Row
from graphcdp.resolve.facts import CustomerFacts
from graphcdp.resolve.preview import MergeOutlook, preview_merge
from graphcdp.resolve.rules import IdentityRules
from graphcdp.resolve.traits import from_texts
from graphcdp.store.neo4j import Store


async def merge_outlook(store: Store, ids: Sequence[str], rules: IdentityRules, now: datetime) -> MergeOutlook:
    """What uniting these live customers, two or more, would do by these rules.

    Raises UnknownReferenceError when one of them lives no more.
    """
    rows = await store.read(
        "read/merge_facts",
        ids=list(ids),
        priorities={kind: rules.priority(kind) for kind in rules.kinds},
        windowed=[kind for kind in rules.kinds if rules.window(kind) is not None],
    )
    gone = sorted(set(ids) - {row["id"] for row in rows})
    if gone:
        raise UnknownReferenceError(f"No customer {gone[0]} is known; it may just have been merged: ask again.")
    strongest = {row["id"]: Identifier(row["kind"], row["value"]) for row in rows}
    cuts = await store.read("read/cuts_between", keys=[identifier.key for identifier in strongest.values()])
    pairs = frozenset((row["one"], row["other"]) for row in cuts)
    return preview_merge([_facts(row) for row in rows], strongest, pairs, rules, now)


def _facts(row: Row) -> CustomerFacts:
    facts = CustomerFacts(
        row["id"], row["created"], counts=dict(row["counts"]), traits=from_texts(row["traits"], row["trait_times"])
    )
    for kind, key, seen in row["recent"]:
        facts.recent.setdefault(kind, {})[key] = seen
    return facts
