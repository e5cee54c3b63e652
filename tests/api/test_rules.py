"""docs/rules.md over HTTP: the rules shown, tried and changed."""

import asyncio
from typing import Any

import pytest

from graphcdp.record.clock import utc_now
from graphcdp.record.rules import Origin, put_in_force
from graphcdp.resolve.rules import IdentityRules
from graphcdp.store import Store
from tests.api.conftest import Caller, event, record

Json = dict[str, Any]

RULES = """query { identityRules {
  version since origin note merge sharedDevice region
  kinds { kind priority limit window blocked blockedPatterns normalise builtIn }
} }"""
SET = """mutation($rules: IdentityRulesInput!, $version: Int!, $note: String) {
  setIdentityRules(input: {rules: $rules, version: $version, note: $note}) {
    rules { version origin note merge sharedDevice region kinds { kind limit window priority } }
    job { id kind status rulesVersion }
    errors { __typename code message path }
  }
}"""
PREVIEW = """query($rules: IdentityRulesInput!, $sample: Int! = 5) {
  previewIdentityRules(rules: $rules, sample: $sample) {
    customersBefore customersAfter mergeCount splitCount conflictsSolved conflictsMade
    sampleMerges { customers { id identifiers { nodes { value } } } }
    sampleSplits { customer { id } groups { kind value } }
  }
}"""
JOB = "query($id: ID!) { job(id: $id) { status done total merges splits finishedAt failure } }"
HISTORY = "query($first: Int! = 20) { identityRulesHistory(first: $first) { version note } }"


@pytest.fixture
async def started(store: Store, rules: IdentityRules) -> int:
    """The version that a started server would have put in force."""
    return (await put_in_force(store, rules, origin=Origin.DEFAULT, now=utc_now())).version


async def change(caller: Caller, version: int, rules: Json | None = None, note: str | None = None) -> Json:
    found: Json = (await caller.ask(SET, rules=rules or {}, version=version, note=note))["setIdentityRules"]
    return found


async def test_a_graph_without_rules(caller: Caller) -> None:
    assert await caller.ask(RULES) == {"identityRules": None}


@pytest.mark.usefixtures("started")
async def test_the_rules_in_force(caller: Caller) -> None:
    found = (await caller.ask(RULES))["identityRules"]
    kinds = found.pop("kinds")
    assert found.pop("since")
    assert found == {
        "version": 1,
        "origin": "DEFAULT",
        "note": None,
        "merge": "PROTECT",
        "sharedDevice": "KEEP",
        "region": "VN",
    }
    assert [kind["kind"] for kind in kinds] == ["user", "email", "phone", "device", "anonymous"]
    assert kinds[1] == {
        "kind": "email",
        "priority": 80,
        "limit": 5,
        "window": None,
        "blocked": [],
        "blockedPatterns": [],
        "normalise": "EMAIL",
        "builtIn": True,
    }


async def test_rules_are_set_in_whole_over_the_defaults(caller: Caller, started: int) -> None:
    given = {
        "merge": "ALWAYS",
        "sharedDevice": "LAST_LOGIN",
        "kinds": [
            {"kind": "email", "limit": 3, "window": "P30D"},
            {"kind": "anonymous", "limit": None},
            {"kind": "loyalty", "priority": 75},
        ],
    }
    made = await change(caller, started, given, "Loyalty cards are new.")
    assert made["errors"] == []
    rules = made["rules"]
    assert (rules["version"], rules["origin"], rules["note"]) == (2, "API", "Loyalty cards are new.")
    # Without a region, the one in force stays.
    assert (rules["merge"], rules["sharedDevice"], rules["region"]) == ("ALWAYS", "LAST_LOGIN", "VN")
    assert rules["kinds"] == [
        {"kind": "user", "limit": 1, "window": None, "priority": 100},
        {"kind": "email", "limit": 3, "window": "P30D", "priority": 80},
        {"kind": "loyalty", "limit": 5, "window": None, "priority": 75},
        {"kind": "phone", "limit": 5, "window": None, "priority": 70},
        {"kind": "device", "limit": 20, "window": None, "priority": 30},
        {"kind": "anonymous", "limit": None, "window": None, "priority": 10},
    ]
    assert made["job"]["kind"] == "RESOLUTION"
    assert made["job"]["rulesVersion"] == 2
    assert (await caller.ask(RULES))["identityRules"]["version"] == 2


async def test_the_same_rules_change_nothing(caller: Caller, started: int) -> None:
    made = await change(caller, started)
    assert (made["rules"]["version"], made["job"], made["errors"]) == (1, None, [])


async def test_who_comes_late_is_told(caller: Caller, started: int) -> None:
    await change(caller, started, {"merge": "NEVER"})
    made = await change(caller, started, {"merge": "ALWAYS"})
    (error,) = made["errors"]
    assert made["rules"] is None
    assert (error["__typename"], error["code"], error["path"]) == ("ConflictError", "CONFLICT", ["version"])
    assert "version 2 is in force" in error["message"]


@pytest.mark.parametrize(
    ("given", "path", "said"),
    [
        ({"kinds": [{"kind": "user"}, {"kind": "email", "limit": 0}]}, ["rules", "kinds", "1", "limit"], "greater"),
        (
            {"kinds": [{"kind": "email", "blockedPatterns": ["a", "("]}]},
            ["rules", "kinds", "0", "blockedPatterns"],
            "(",
        ),
        ({"kinds": [{"kind": "Loyalty"}]}, ["rules", "kinds"], "no name for a kind"),
        ({"kinds": [{"kind": "email"}, {"kind": "email"}]}, ["rules", "kinds"], "twice"),
        ({"kinds": [{"kind": "email", "window": "PT1S"}]}, ["rules", "kinds", "0", "window"], "at least a minute"),
        ({"region": "XX"}, ["rules", "region"], "no region"),
    ],
)
async def test_what_rules_cannot_say(caller: Caller, started: int, given: Json, path: list[str], said: str) -> None:
    (error,) = (await change(caller, started, given))["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInputError", path)
    assert said in error["message"]


async def test_all_that_is_wrong_is_told_at_once(caller: Caller, started: int) -> None:
    made = await change(caller, started, {"kinds": [{"kind": "email", "limit": 0, "priority": 2000}], "region": "XX"})
    assert len(made["errors"]) == 3


async def test_a_normal_form_in_use_stays(caller: Caller, started: int) -> None:
    await caller.ask('mutation { identify(input: {identifiers: [{userId: "u1"}]}) { errors { message } } }')
    (error,) = (await change(caller, started, {"kinds": [{"kind": "user", "normalise": "LOWER"}]}))["errors"]
    assert error["path"] == ["rules", "kinds", "0", "normalise"]
    assert "Keep `normalise: trim`" in error["message"]


async def test_the_history_of_the_rules(caller: Caller, started: int) -> None:
    for version in range(started, 4):
        await change(caller, version, {"kinds": [{"kind": "email", "limit": 10 + version}]}, f"Change {version}")
    found = (await caller.ask(HISTORY, first=3))["identityRulesHistory"]
    assert found == [
        {"version": 4, "note": "Change 3"},
        {"version": 3, "note": "Change 2"},
        {"version": 2, "note": "Change 1"},
    ]
    failure = await caller.failure(HISTORY, first=101)
    assert failure["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_job_by_its_id(caller: Caller, started: int) -> None:
    made = await change(caller, started, {"merge": "NEVER"})
    job = "query($id: ID!) { job(id: $id) { id kind rulesVersion startedAt merges splits failure } }"
    found = (await caller.ask(job, id=made["job"]["id"]))["job"]
    assert (found["id"], found["rulesVersion"], found["failure"]) == (made["job"]["id"], 2, None)
    assert (await caller.ask(job, id="job_unknown"))["job"] is None
    node = "query($id: ID!) { node(id: $id) { id ... on Job { kind } } }"
    assert (await caller.ask(node, id=made["job"]["id"]))["node"] == {"id": made["job"]["id"], "kind": "RESOLUTION"}


async def two_mails(caller: Caller) -> None:
    """A device that two e-mail addresses were seen on, in this order."""
    await record(caller, *(event(f"m{n}", by=[{"deviceId": "d1"}, {"email": f"{n}@x.org"}]) for n in (1, 2)))


async def over(caller: Caller, job: str) -> Json:
    """The job when it is over."""
    while True:
        found: Json = (await caller.ask(JOB, id=job))["job"]
        if found["status"] not in ("QUEUED", "RUNNING"):
            return found
        await asyncio.sleep(0.05)


async def test_a_preview_tells_and_writes_nothing(caller: Caller, started: int) -> None:
    await two_mails(caller)
    found = (await caller.ask(PREVIEW, rules={"kinds": [{"kind": "email", "limit": 1}]}))["previewIdentityRules"]
    (sample,) = found.pop("sampleSplits")
    assert found == {
        "customersBefore": 1,
        "customersAfter": 2,
        "mergeCount": 0,
        "splitCount": 1,
        "conflictsSolved": 0,
        "conflictsMade": 1,
        "sampleMerges": [],
    }
    assert sample["customer"]["id"].startswith("cus_")
    assert sample["groups"] == [
        [{"kind": "device", "value": "d1"}, {"kind": "email", "value": "1@x.org"}],
        [{"kind": "email", "value": "2@x.org"}],
    ]
    assert (await caller.ask("{ customers { totalCount { value } } }"))["customers"]["totalCount"]["value"] == 1
    assert (await caller.ask(RULES))["identityRules"]["version"] == started


async def test_a_change_does_what_its_preview_told(caller: Caller, started: int) -> None:
    await two_mails(caller)
    tight: Json = {"kinds": [{"kind": "email", "limit": 1}]}
    made = await change(caller, started, tight)
    job = await over(caller, made["job"]["id"])
    assert (job["status"], job["merges"], job["splits"], job["failure"]) == ("SUCCEEDED", 0, 1, None)
    assert job["finishedAt"]
    assert job["done"] == job["total"]
    found = (await caller.ask(PREVIEW, rules={}))["previewIdentityRules"]
    assert (found["customersBefore"], found["customersAfter"], found["mergeCount"]) == (2, 1, 1)
    assert found["conflictsSolved"] == 1
    (sample,) = found["sampleMerges"]
    assert sorted(len(one["identifiers"]["nodes"]) for one in sample["customers"]) == [1, 2]
    made = await change(caller, 2)
    assert (await over(caller, made["job"]["id"]))["merges"] == 1


@pytest.mark.parametrize(
    ("given", "sample", "said"),
    [({}, 21, "0..20"), ({"region": "XX"}, 5, "rules.region: 'XX' is no region"), ({}, -1, "0..20")],
)
async def test_a_preview_that_cannot_be(caller: Caller, started: int, given: Json, sample: int, said: str) -> None:
    failure = await caller.failure(PREVIEW, rules=given, sample=sample)
    assert failure["extensions"]["code"] == "BAD_USER_INPUT"
    assert said in failure["message"]
