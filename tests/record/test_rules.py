"""docs/rules.md, rules 8 to 12: versions of the rules in the graph, and which ones a server starts with."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graphcdp.embedded import EmbeddedNeo4j
from graphcdp.model.errors import InvalidReferenceError, RulesFileError, SettingsError
from graphcdp.model.statement import Statement
from graphcdp.record.recorder import Recorder
from graphcdp.record.rules import (
    Origin,
    RulesConflictError,
    RulesRefusedError,
    VersionedRules,
    put_in_force,
    rule_sets,
    rules_in_force,
    rules_in_force_tx,
    settle_rules,
)
from graphcdp.record.rules_file import parse_rules, read_rules_file, rules_text
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def with_kinds(**kinds: Any) -> IdentityRules:
    return IdentityRules.model_validate({"kinds": kinds, "region": "VN"})


async def put(store: Store, rules: IdentityRules, expected: int | None = None) -> VersionedRules:
    return await put_in_force(store, rules, origin=Origin.API, now=NOW, expected_version=expected)


async def jobs(store: Store) -> list[tuple[int, str]]:
    rows = await store.read_generated(
        Statement("MATCH (j:Job) RETURN j.version AS version, j.status AS status ORDER BY version")
    )
    return [(row["version"], row["status"]) for row in rows]


async def test_an_empty_graph_has_no_rules(store: Store) -> None:
    assert await rules_in_force(store) is None
    assert await store.transact(rules_in_force_tx) is None


async def test_versions_come_one_after_another(store: Store) -> None:
    rules = with_kinds(email={"limit": 3})
    first = await put_in_force(store, rules, origin=Origin.API, now=NOW, note="Fewer.", expected_version=0)
    assert first == VersionedRules(1, rules, NOW, Origin.API, "Fewer.")
    second = await put(store, with_kinds(email={"limit": 2}), expected=1)
    assert await rules_in_force(store) == second
    assert [one.version for one in await rule_sets(store)] == [2, 1]
    assert await rule_sets(store, version=1) == [first]


async def test_rules_that_are_in_force_make_no_new_version(store: Store) -> None:
    first = await put(store, with_kinds())
    assert await put(store, with_kinds(), expected=1) == first
    assert len(await rule_sets(store)) == 1


async def test_a_change_that_is_based_on_another_version_is_refused(store: Store) -> None:
    await put(store, with_kinds())
    second = await put(store, with_kinds(email={"limit": 2}))
    with pytest.raises(RulesConflictError, match="version 2 is in force") as caught:
        await put(store, with_kinds(email={"limit": 9}), expected=1)
    assert caught.value.current == second
    assert await rules_in_force(store) == second


async def test_one_of_many_that_change_at_once_wins(store: Store) -> None:
    await put(store, with_kinds())
    tries = [put(store, with_kinds(email={"limit": limit}), expected=1) for limit in range(6, 12)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, VersionedRules) for result in results) == 1
    assert sum(isinstance(result, RulesConflictError) for result in results) == 5, results
    assert len(await rule_sets(store)) == 2


async def test_each_change_queues_a_job_in_place_of_older_ones(store: Store) -> None:
    await settle_rules(store, None, "VN", NOW)
    assert await jobs(store) == []
    await put(store, with_kinds(email={"limit": 2}))
    await put(store, with_kinds(email={"limit": 3}))
    assert await jobs(store) == [(2, "FAILED"), (3, "QUEUED")]


async def test_the_first_rules_queue_a_job_unless_a_server_starts_with_them(store: Store) -> None:
    await put(store, with_kinds())
    assert await jobs(store) == [(1, "QUEUED")]


async def test_a_long_note_is_refused(store: Store) -> None:
    with pytest.raises(InvalidReferenceError, match="the most is 500"):
        await put_in_force(store, with_kinds(), origin=Origin.API, now=NOW, note="x" * 501)


async def test_the_normal_form_of_stored_identifiers_stays(store: Store, recorder: Recorder) -> None:
    await put(store, with_kinds(loyalty={}))
    await recorder.record([{"type": "identify", "identifiers": [("user", "u1"), ("email", "a@x.org")]}])
    with pytest.raises(RulesRefusedError, match="Keep `normalise: trim`") as caught:
        await put(store, with_kinds(user={"normalise": "lower"}, loyalty={"normalise": "lower"}))
    assert caught.value.path == ("rules", "kinds", "user", "normalise")
    # Of loyalty nothing is stored.
    await put(store, with_kinds(loyalty={"normalise": "lower"}))


async def test_a_kind_that_comes_back_has_its_old_normal_form(store: Store) -> None:
    known = with_kinds(loyalty={})
    await put(store, known)
    await Recorder(store, known).record([{"type": "identify", "identifiers": [("loyalty", "A7")]}])
    await put(store, with_kinds())
    with pytest.raises(RulesRefusedError, match="of the kind loyalty"):
        await put(store, with_kinds(loyalty={"normalise": "lower"}))
    assert (await put(store, known)).version == 3


async def test_the_first_start_makes_version_one(store: Store) -> None:
    settled = await settle_rules(store, None, "VN", NOW)
    assert settled == VersionedRules(1, IdentityRules(region="VN"), NOW, Origin.DEFAULT)
    assert await settle_rules(store, None, "US", NOW + timedelta(1)) == settled


async def test_servers_that_start_at_once_agree(store: Store) -> None:
    settled = await asyncio.gather(*(settle_rules(store, None, "VN", NOW) for _ in range(6)))
    assert len({one.version for one in settled}) == 1
    assert len(await rule_sets(store)) == 1


async def test_a_file_wins_when_it_changed_and_only_then(store: Store) -> None:
    before, after = with_kinds(email={"limit": 4}), with_kinds(email={"limit": 3})
    assert (await settle_rules(store, (before, "one"), "VN", NOW)).origin is Origin.FILE
    edited = await put(store, with_kinds(email={"limit": 2}))
    assert await settle_rules(store, (before, "one"), "VN", NOW) == edited
    taken = await settle_rules(store, (after, "two"), "VN", NOW)
    assert (taken.version, taken.rules) == (3, after)
    # Another file that says what is in force is taken too, without a version of its own.
    assert (await settle_rules(store, (after, "three"), "VN", NOW)).version == 3
    again = await put(store, with_kinds(email={"limit": 2}))
    assert await settle_rules(store, (after, "three"), "VN", NOW) == again


async def test_a_file_is_taken_over_the_defaults_of_an_earlier_start(store: Store) -> None:
    await settle_rules(store, None, "VN", NOW)
    taken = await settle_rules(store, (with_kinds(email={"limit": 4}), "one"), "VN", NOW)
    assert (taken.version, taken.origin) == (2, Origin.FILE)


def test_rules_survive_as_yaml() -> None:
    rules = with_kinds(email={"window": "P30D", "blocked": ["ñ@x.org"]}, loyalty={"limit": None, "priority": 90})
    text = rules_text(rules)
    assert parse_rules(text, "US", "here") == rules
    assert text.index("user:") < text.index("loyalty:") < text.index("email:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kinds: {email: {limit: 0}}", r"rules.yaml: kinds.email.limit: Input should be greater"),
        ("kinds: [email]", "kinds: Input should be a valid dictionary"),
        ("kinds: {email: 5}", "must be a mapping"),
        ("- email", "must hold a mapping"),
        ("kinds: {email: {limit: 0, priority: -1, window: x}}\nmerge: maybe", r"priority.*window.*merge"),
        ("merge: [", "is no YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(RulesFileError, match=said):
        read_rules_file(path, "US")


def test_norway_is_a_region() -> None:
    assert parse_rules("region: NO", "US", "here").region == "NO"


def test_the_hash_of_a_file_is_of_its_content_and_the_region(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("kinds: {email: {limit: 3}}")
    _, one = read_rules_file(path, "US")
    assert read_rules_file(path, "US")[1] == one
    assert read_rules_file(path, "VN")[1] != one


async def test_a_platform_starts_with_the_rules_of_the_graph(
    store: Store, neo4j: EmbeddedNeo4j, tmp_path: Path
) -> None:
    from graphcdp.app import open_platform

    path = tmp_path / "rules.yaml"
    path.write_text("kinds: {email: {limit: 3}}")
    settings = Settings.load(
        neo4j_uri=neo4j.connection.uri, neo4j_password=neo4j.connection.password, rules=path, default_region="VN"
    )
    async with open_platform(settings) as platform:
        assert platform.recorder.rules.limit("email") == 3
    await put(store, with_kinds(email={"limit": 2}))
    async with open_platform(settings) as platform:
        assert platform.recorder.rules.limit("email") == 2
    path.write_text("kinds: {email: {limit: -1}}")
    with pytest.raises(SettingsError, match=r"GRAPHCDP_RULES: .*kinds.email.limit"):
        async with open_platform(settings):
            pass
