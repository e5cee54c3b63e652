"""The conformance cases: each through the public API on a real graph. Source: docs/identity.md; format: cases.yaml.

`GRAPHCDP_IDENTITY_CASES` names another file of cases.
"""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from graphcdp.app import Platform
from graphcdp.model.identifiers import Claim, Identifier
from graphcdp.record.recorder import Recorder
from graphcdp.resolve.clean import clean_one
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from tests.api.conftest import Caller, serving

Json = dict[str, Any]

FILES = [Path(__file__).with_name("cases.yaml"), Path(__file__).with_name("own_cases.yaml")]
IN_A_BATCH = 1000

RECORD = """mutation ($events: [EventInput!]!) { recordEvents(input: {events: $events}) {
  results { eventId customer { id } warnings { code identifier { kind value } } errors { message } } } }"""
IDENTIFY = """mutation ($input: IdentifyInput!) { identify(input: $input) {
  messageId customer { id } warnings { code identifier { kind value } } errors { message } } }"""
ALIAS = """mutation ($input: AliasInput!) { alias(input: $input) {
  messageId customer { id } warnings { code identifier { kind value } } errors { message } } }"""
CUT = "mutation ($input: CutLinkInput!) { done: cutLink(input: $input) { errors { message code } } }"
ALLOW = "mutation ($input: AllowLinkInput!) { done: allowLink(input: $input) { errors { message code } } }"
SPLIT = "mutation ($input: SplitCustomerInput!) { done: splitCustomer(input: $input) { errors { message code } } }"
UNDO = "mutation ($input: UndoMergeInput!) { done: undoMerge(input: $input) { errors { message code } } }"
ERASE = "mutation ($input: EraseCustomerInput!) { done: eraseCustomer(input: $input) { errors { message code } } }"
MERGES = "query ($by: CustomerRef!) { customer(by: $by) { merges(first: 100) { nodes { id messageId undoneAt } } } }"
LOOK = """query ($by: CustomerRef!) { customer(by: $by) {
  id traits { json } identifiers(first: 1) { totalCount { value } } } }"""
MORE_IDENTIFIERS = """query ($by: CustomerRef!, $after: String) { customer(by: $by) {
  page: identifiers(first: 100, after: $after) { nodes { kind value } pageInfo { hasNextPage endCursor } } } }"""
MORE_EVENTS = """query ($by: CustomerRef!, $after: String) { customer(by: $by) {
  page: events(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }"""
EVERYBODY = "{ customers(first: 1) { totalCount { value } } }"

FIELD_BY_KIND = {
    "user": "userId",
    "email": "email",
    "phone": "phone",
    "device": "deviceId",
    "anonymous": "anonymousId",
}


def _cases() -> Iterator[Any]:
    given = os.environ.get("GRAPHCDP_IDENTITY_CASES")
    for path in [Path(given)] if given else FILES:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Text)
        for case in content["cases"]:
            yield pytest.param({"region": content.get("region", "VN"), **case}, id=f"{case['id']}: {case['title']}")


class _Text(yaml.SafeLoader):
    """YAML whose times stay the text that they are."""


_Text.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def given_as(kind: str, value: Any) -> Json:
    """An IdentifierInput."""
    name = FIELD_BY_KIND.get(kind)
    return {"other": {"kind": kind, "value": str(value)}} if name is None else {name: str(value)}


def named(text: str) -> Json:
    """An IdentifierInput of text such as "user:u1"."""
    return given_as(*text.split(":", 1))


@dataclass
class Story:
    """Tells the steps of a case to a server, and remembers what it answered."""

    caller: Caller
    customer_by_message: dict[str, str] = field(default_factory=dict)
    dropped: set[tuple[str, str, str]] = field(default_factory=set)
    batch: list[Json] = field(default_factory=list)

    async def tell(self, step: Json) -> None:
        """One step, alone, so that it is told whose each message was at the time; what is repeated goes in batches."""
        if "repeat" in step:
            for i in range(step["repeat"]):
                await self._tell(_filled(step["step"], i))
        else:
            await self._tell(step)
        await self.flush()

    async def _tell(self, step: Json) -> None:
        if "repeat" in step:
            await self.tell(step)
        elif "op" in step:
            await self.flush()
            await self._edit(step)
        elif step.get("type", "track") == "track":
            if any(event["eventId"] == step["id"] for event in self.batch) or len(self.batch) == IN_A_BATCH:
                await self.flush()
            self.batch.append(
                {
                    "eventId": step["id"],
                    "name": step.get("name", "Seen"),
                    "at": step.get("at"),
                    "identifiers": _claims(step),
                    **{name: step[name] for name in ("traits", "properties") if name in step},
                }
            )
        else:
            await self.flush()
            await self._state(step)

    async def flush(self) -> None:
        """Send the events that wait."""
        if not self.batch:
            return
        events, self.batch = self.batch, []
        answer = await self.caller.ask(RECORD, events=events)
        for result in answer["recordEvents"]["results"]:
            self._remember(result["eventId"], result)

    async def _state(self, step: Json) -> None:
        given = {"messageId": step["id"], "identifiers": _claims(step)}
        if step["type"] == "alias":
            answer = (await self.caller.ask(ALIAS, input=given))["alias"]
        else:
            more = {name: step[name] for name in ("traits", "unset", "at") if name in step}
            answer = (await self.caller.ask(IDENTIFY, input=given | more))["identify"]
        self._remember(step["id"], answer)

    def _remember(self, message: str, result: Json) -> None:
        if result["customer"]:
            self.customer_by_message.setdefault(message, result["customer"]["id"])
        self.dropped.update(
            (message, f"{warning['identifier']['kind']}:{warning['identifier']['value']}", warning["code"])
            for warning in result["warnings"]
            if warning["identifier"]
        )

    async def _edit(self, step: Json) -> None:
        between = [named(text) for text in step.get("between", ())]
        match step["op"]:
            case "cut":
                await self._do(CUT, {"between": between})
            case "allow":
                await self._do(ALLOW, {"between": between})
            case "split":
                texts = step.get("identifiers") or [step["identifier"]]
                of = named(step.get("customer", texts[0]))
                await self._do(SPLIT, {"customer": of, "identifiers": [named(text) for text in texts]})
            case "undo":
                await self._do(UNDO, {"merge": await self._merge_by(step["message"])})
            case "erase":
                await self._do(ERASE, {"customer": named(step["identifier"])})
            case other:
                raise AssertionError(f"no such op: {other}")

    async def _merge_by(self, message: str) -> str:
        """The merge that a message made, found on whose it was."""
        by = {"id": self.customer_by_message[message]}
        found = (await self.caller.ask(MERGES, by=by))["customer"]["merges"]["nodes"]
        (merge,) = [one["id"] for one in found if one["messageId"] == message]
        return str(merge)

    async def _do(self, document: str, given: Json) -> None:
        answer = await self.caller.ask(document, input=given)
        # What is not there cannot be cut, allowed or erased: that changes nothing, and the expectation decides.
        assert [error for error in answer["done"]["errors"] if error["code"] != "NOT_FOUND"] == []

    async def all_of(self, document: str, has: str) -> list[Json]:
        """All nodes of a list of the customer who has this identifier."""
        nodes: list[Json] = []
        after = None
        while True:
            page = (await self.caller.ask(document, by=named(has), after=after))["customer"]["page"]
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return nodes
            after = page["pageInfo"]["endCursor"]


def _filled(value: Any, i: int) -> Any:
    if isinstance(value, str):
        return value.replace("{i}", str(i))
    if isinstance(value, dict):
        return {name: _filled(item, i) for name, item in value.items()}
    return [_filled(item, i) for item in value] if isinstance(value, list) else value


def _claims(step: Json) -> list[Json]:
    return [given_as(kind, value) for claim in step["ids"] for kind, value in claim.items()]


@asynccontextmanager
async def _served(store: Store, rules: IdentityRules) -> AsyncIterator[Caller]:
    async with serving(Platform(Settings(query_timeout_s=60), store, Recorder(store, rules))) as client:
        yield Caller(client, store)


@pytest.mark.parametrize("case", list(_cases()))
async def test_identity_cases(case: Json, store: Store) -> None:
    rules = IdentityRules.model_validate({"region": case["region"], **case.get("rules", {})})
    async with _served(store, rules) as caller:
        story = Story(caller)
        for step in case["steps"]:
            await story.tell(step)
        expected = case["expect"]
        for customer in expected["customers"]:
            await _check(story, customer)
        everybody = (await caller.ask(EVERYBODY))["customers"]["totalCount"]["value"]
        assert everybody == expected.get("count", len(expected["customers"]))
        if "dropped" in expected:
            assert {_normal(one, rules) for one in story.dropped} == {
                _normal(one, rules) for one in expected["dropped"]
            }


async def _check(story: Story, expected: Json) -> None:
    has = expected["has"]
    found = (await story.caller.ask(LOOK, by=named(has)))["customer"]
    assert found is not None, f"nobody has {has}"
    if "identifiers" in expected:
        nodes = await story.all_of(MORE_IDENTIFIERS, has)
        assert sorted(f"{node['kind']}:{node['value']}" for node in nodes) == sorted(expected["identifiers"])
    if "identifier_count" in expected:
        assert found["identifiers"]["totalCount"]["value"] == expected["identifier_count"]
    if "events" in expected:
        nodes = await story.all_of(MORE_EVENTS, has)
        assert sorted(node["id"].removeprefix("evt_") for node in nodes) == sorted(expected["events"])
    if "event_count" in expected:
        assert len(await story.all_of(MORE_EVENTS, has)) == expected["event_count"]
    if "traits" in expected:
        assert found["traits"]["json"] == expected["traits"]
    if "keeps_id_of" in expected:
        assert found["id"] == story.customer_by_message[expected["keeps_id_of"]]


def _normal(dropped: Sequence[Any], rules: IdentityRules) -> tuple[str, str, str]:
    """What was dropped from which message, and why; the identifier in its normal form where it has one."""
    message, text, code = dropped
    kind, _, value = text.partition(":")
    found = clean_one(Claim(kind, value), rules)
    return str(message), found.key if isinstance(found, Identifier) else f"{kind}:{value.strip()}", code
