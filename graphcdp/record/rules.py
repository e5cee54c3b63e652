"""Versions of the identity rules in the graph. Source: docs/rules.md, rules 8 to 12.

One node, locked by whoever changes the rules, says which version is in force;
so versions come one after another, and servers that start at once agree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from graphcdp.model.errors import DatabaseVersionError, InvalidReferenceError
from graphcdp.model.ids import Tag, tagged
from graphcdp.record.ids import new_ulid
from graphcdp.resolve.rules import IdentityRules, Normalise
from graphcdp.store import Store, Transaction

NOTE_LENGTH_MAX = 500
VERSIONS_MAX = 1000


class Origin(StrEnum):
    """Where a version of the rules came from."""

    DEFAULT = "DEFAULT"  # nobody has set any
    FILE = "FILE"  # the file that GRAPHCDP_RULES names
    API = "API"  # setIdentityRules, or `graphcdp rules apply`


@dataclass(frozen=True, slots=True)
class VersionedRules:
    """A version of the rules. version: 1, 2, ...; since: when it came into force; note: why, for people."""

    version: int
    rules: IdentityRules
    since: datetime
    origin: Origin
    note: str | None = None


class RulesConflictError(InvalidReferenceError):
    """Another version is in force than the one that a change is based on. current: None when there is none."""

    def __init__(self, message: str, current: VersionedRules | None) -> None:
        super().__init__(message, ("version",))
        self.current = current


class RulesRefusedError(InvalidReferenceError):
    """Rules that are sound, but do not go with what is stored."""


async def rules_in_force(store: Store) -> VersionedRules | None:
    """The rules in force; None before any were put in force."""
    return _first(await store.read("record/rules_in_force"))


async def rules_in_force_tx(tx: Transaction) -> VersionedRules | None:
    """The same, read in a transaction. Rules that were read before are not parsed again."""
    return _first(await tx.run("record/rules_in_force"))


async def rule_sets(store: Store, limit: int = VERSIONS_MAX, version: int | None = None) -> list[VersionedRules]:
    """Versions, newest first. version: only this one."""
    return [_versioned(row) for row in await store.read("record/rule_sets", limit=limit, version=version)]


async def put_in_force(
    target: Store | Transaction,
    rules: IdentityRules,
    *,
    origin: Origin,
    now: datetime,
    note: str | None = None,
    expected_version: int | None = None,
    file_hash: str | None = None,
) -> VersionedRules:
    """Make these rules the next version and queue the job that resolves the graph by them.

    expected_version: that the change is based on, 0 before there is any; None to
    replace whichever is in force. file_hash: of the rules file's content. Rules
    that are in force already make no new version. Returns what is in force then.
    Raises RulesConflictError, RulesRefusedError or InvalidReferenceError; then
    nothing was written.
    """
    if note is not None and len(note) > NOTE_LENGTH_MAX:
        raise InvalidReferenceError(f"The note has {len(note)} characters; the most is {NOTE_LENGTH_MAX}.", ("note",))
    change = _Change(rules, origin, now, note, expected_version, file_hash)
    if isinstance(target, Transaction):
        return await change.make(target)
    return await target.transact(change.make)


async def settle_rules(
    store: Store, from_file: tuple[IdentityRules, str] | None, default_region: str, now: datetime
) -> VersionedRules:
    """The rules to start with.

    from_file: rules of the file that the settings name, and a hash of its
    content. A file whose content is not the one that was taken last becomes a
    new version; else what is in force stands. Without any version, the file's
    rules or the default ones become the first. Raises RulesRefusedError.
    """

    async def work(tx: Transaction) -> VersionedRules:
        await tx.run("record/lock_rules")
        current = await rules_in_force_tx(tx)
        if from_file is not None:
            rules, file_hash = from_file
            taken = await tx.run("record/last_rules_file")
            if current is None or not taken or taken[0]["hash"] != file_hash:
                return await put_in_force(tx, rules, origin=Origin.FILE, now=now, file_hash=file_hash)
        if current is None:
            return await put_in_force(tx, IdentityRules(region=default_region), origin=Origin.DEFAULT, now=now)
        return current

    return await store.transact(work)


async def rules_to_be(store: Store, from_file: tuple[IdentityRules, str] | None, default_region: str) -> IdentityRules:
    """The rules that `settle_rules` would start with; nothing is written."""
    current = await rules_in_force(store)
    if from_file is not None:
        rules, file_hash = from_file
        taken = await store.read("record/last_rules_file")
        if current is None or not taken or taken[0]["hash"] != file_hash:
            return rules
    return IdentityRules(region=default_region) if current is None else current.rules


@dataclass(frozen=True, slots=True)
class _Change:
    """Rules that are to be put in force."""

    rules: IdentityRules
    origin: Origin
    now: datetime
    note: str | None
    expected_version: int | None
    file_hash: str | None

    async def make(self, tx: Transaction) -> VersionedRules:
        await tx.run("record/lock_rules")
        current = await rules_in_force_tx(tx)
        self._check_version(current)
        if current is not None and current.rules == self.rules:
            if self.file_hash is not None:
                await tx.run("record/take_rules_file", version=current.version, hash=self.file_hash)
            return current
        await _check_normal_forms(tx, self.rules)
        version = 1 if current is None else current.version + 1
        properties = {
            "version": version,
            "json": self.rules.model_dump_json(),
            "origin": self.origin.value,
            "note": self.note or None,
            "fileHash": self.file_hash,
        }
        await tx.run("record/put_rules_in_force", properties=properties, now=self.now)
        # What a server starts with on a graph without versions is what resolved that graph before there were any.
        if current is not None or self.origin is Origin.API:
            await tx.run(
                "record/queue_resolution",
                id=tagged(Tag.JOB, new_ulid(self.now)),
                version=version,
                failure=f"Version {version} of the rules took the place of the one that it resolved by.",
                now=self.now,
            )
        return VersionedRules(version, self.rules, self.now, self.origin, self.note or None)

    def _check_version(self, current: VersionedRules | None) -> None:
        actual = 0 if current is None else current.version
        if self.expected_version is not None and self.expected_version != actual:
            raise RulesConflictError(
                f"The change is based on version {self.expected_version} of the rules, but version {actual} is in "
                f"force: look at what changed, then try again with version {actual}.",
                current,
            )


async def _check_normal_forms(tx: Transaction, rules: IdentityRules) -> None:
    """Refuse another normal form for a kind of which there are identifiers: they would no longer be found."""
    changed: dict[str, Normalise] = {}
    for before in reversed(
        [_versioned(row) for row in await tx.run("record/rule_sets", limit=VERSIONS_MAX, version=None)]
    ):
        # The newest version that knew a kind wins: later ones may have left it out.
        for kind, rule in before.rules.kinds.items():
            changed[kind] = rule.normalise
    asked = {
        kind: rule.normalise
        for kind, rule in rules.kinds.items()
        if changed.get(kind, rule.normalise) is not rule.normalise
    }
    if not asked:
        return
    in_use = await tx.run("record/kinds_in_use", kinds=sorted(asked))
    for kind in sorted(row["kind"] for row in in_use):
        raise RulesRefusedError(
            f"Identifiers of the kind {kind} are stored in the normal form `{changed[kind].value}`; with "
            f"`{asked[kind].value}` they would no longer be found. Keep `normalise: {changed[kind].value}`, or name "
            f"a new kind.",
            ("rules", "kinds", kind, "normalise"),
        )


def _first(rows: Iterable[Mapping[str, Any]]) -> VersionedRules | None:
    return next((_versioned(row) for row in rows), None)


def _versioned(row: Mapping[str, Any]) -> VersionedRules:
    return VersionedRules(row["version"], _parsed(row["json"]), row["since"], Origin(row["origin"]), row["note"])


@lru_cache(maxsize=64)
def _parsed(text: str) -> IdentityRules:
    try:
        return IdentityRules.model_validate_json(text)
    except ValidationError as error:
        raise DatabaseVersionError(
            "The identity rules in the graph are not readable: a newer GraphCDP wrote them. Use that version."
        ) from error
