"""docs/tracking.md: what SDKs send becomes messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcdp.model.messages import Message
from graphcdp.model.problems import Problem, ProblemCode
from graphcdp.record.intake import take
from graphcdp.record.tracking import MESSAGE_BYTES_MAX, Arrival, kept_message, message_of
from graphcdp.record.user_agents import agent_told

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Mobile/15E148 Safari/604.1"
)
AGENTS = {
    IPHONE: ("phone", "Mobile Safari", "iOS"),
    "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 "
    "Mobile/15E148 Safari/604.1": ("tablet", "Mobile Safari", "iOS"),
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
    "Safari/537.36": ("phone", "Chrome Mobile", "Android"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0": (
        "desktop",
        "Firefox",
        "Windows",
    ),
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": ("bot", "Googlebot", None),
}


def taken(sent: dict[str, Any], **arrival: Any) -> Message:
    """The message that is recorded, once it came in at NOW."""
    raw = kept_message(sent, source="web", arrival=Arrival(NOW, **arrival))
    message = take(raw, now=NOW, made_id="made")
    assert isinstance(message, Message), message
    return message


def properties(**context: Any) -> dict[str, Any]:
    return taken({"type": "track", "event": "E", "userId": "u", "context": context}).properties


NAMES = """
type   | more                      | name          | properties
track  | event=Paid total=3        | Paid          | total=3
page   | name=Home category=Shop   | Page Viewed   | name=Home category=Shop
screen | name=Cart                 | Screen Viewed | name=Cart
group  | groupId=g1                | Group         | groupId=g1 plan=gold
"""


@pytest.mark.parametrize("row", NAMES.strip().splitlines()[1:])
def test_events_are_called(row: str) -> None:
    type_, more, name, wanted = (cell.strip() for cell in row.split("|"))
    own = dict(pair.split("=") for pair in more.split())
    body = {"properties": {"total": own.pop("total")}} if "total" in own else {}
    traits = {"traits": {"plan": "gold", "email": "team@example.com"}} if type_ == "group" else {}
    message = taken({"type": type_, "userId": "u", **own, **body, **traits})
    assert message.name == name
    assert dict(pair.split("=") for pair in wanted.split()).items() <= message.properties.items()
    assert [claim.text for claim in message.identifiers] == ["user:u"], "a group's address is not the customer's"
    assert message.traits == {}


def test_identify_states_traits_and_identifiers() -> None:
    message = taken(
        {
            "type": "identify",
            "userId": 7,
            "anonymousId": "a",
            "traits": {"email": "a@b.co", "plan": "new"},
            "context": {"device": {"id": "d"}, "traits": {"plan": "old", "phone": "+4930123"}},
            "messageId": "m",
        }
    )
    assert message.id == "m"
    assert [claim.text for claim in message.identifiers] == [
        "user:7", "anonymous:a", "email:a@b.co", "phone:+4930123", "device:d",
    ]  # fmt: skip
    assert message.traits == {"email": "a@b.co", "plan": "new", "phone": "+4930123"}


ALIASES = """
userId previousId anonymousId | identifiers
u      a          -           | user:u anonymous:a
u      a          a           | user:u anonymous:a
u      u          a           | user:u anonymous:a
u      old        a           | user:u anonymous:a user:old
"""


@pytest.mark.parametrize("row", ALIASES.strip().splitlines()[1:])
def test_an_alias_names_each_id_once(row: str) -> None:
    given, wanted = (cell.split() for cell in row.split("|"))
    ids = zip(("userId", "previousId", "anonymousId"), given, strict=True)
    message = taken({"type": "alias", **{name: value for name, value in ids if value != "-"}})
    assert [claim.text for claim in message.identifiers] == wanted


def test_traits_in_the_context_of_an_event_are_the_customers() -> None:
    sent = {"type": "track", "event": "E", "anonymousId": "a", "context": {"traits": {"email": "a@b.co"}, "x": 1}}
    message = taken(sent)
    assert message.traits == {"email": "a@b.co"}
    assert message.context == {"x": 1}
    assert ("email", "a@b.co") in [tuple(claim) for claim in message.identifiers]


HOUR = timedelta(hours=1)
AT = NOW - 2 * HOUR
TIMES = [
    ("no time: the server's", {}, None, NOW),
    ("a time alone stands", {"timestamp": AT.isoformat()}, None, AT),
    ("a clock that is an hour ahead", {"timestamp": AT.isoformat()}, (NOW + HOUR).isoformat(), AT - HOUR),
    ("a clock that is an hour behind", {"timestamp": AT.isoformat()}, (NOW - HOUR).isoformat(), AT + HOUR),
    ("half a second is the way here", {"timestamp": AT.isoformat()}, (NOW - HOUR / 7200).isoformat(), AT),
    ("Z, and no zone at all", {"timestamp": "2026-03-01T10:00:00"}, "2026-03-01T13:00:00.000Z", AT - HOUR),
    ("the message's own sentAt", {"timestamp": AT.isoformat(), "sentAt": (NOW + HOUR).isoformat()}, None, AT - HOUR),
    ("originalTimestamp alone", {"originalTimestamp": AT.isoformat()}, (NOW + HOUR).isoformat(), AT - HOUR),
    (
        "both: corrected before",
        {"timestamp": AT.isoformat(), "originalTimestamp": (AT - HOUR).isoformat()},
        (NOW + HOUR).isoformat(),
        AT,
    ),
    ("a sentAt that is none", {"timestamp": AT.isoformat()}, "soon", AT),
]


@pytest.mark.parametrize(("times", "sent_at", "wanted"), [row[1:] for row in TIMES], ids=[row[0] for row in TIMES])
def test_when_it_happened(times: dict[str, Any], sent_at: str | None, wanted: datetime) -> None:
    assert taken({"type": "track", "event": "E", "userId": "u", **times}, sent_at=sent_at).at == wanted


def test_times_of_files_stand() -> None:
    sent = {"event": "E", "userId": "u", "timestamp": AT.isoformat(), "sentAt": (NOW + HOUR).isoformat()}
    assert message_of(sent, source="import")["at"] == AT.isoformat()


def test_a_context_becomes_properties() -> None:
    told = properties(
        page={"path": "/shop", "referrer": "https://search.example/", "search": "?utm_source=mail&utm_campaign=spring"},
        locale="de-DE",
        userAgent=IPHONE,
    )
    assert told == {
        "page_path": "/shop",
        "page_referrer": "https://search.example/",
        "utm_source": "mail",
        "utm_campaign": "spring",
        "locale": "de-DE",
        "browser": "Mobile Safari",
        "os": "iOS",
        "device_type": "phone",
    }
    campaign = {"name": "summer", "source": "ads", "content": "b", "medium": "cpc", "term": "t"}
    assert properties(campaign=campaign, page={"url": "https://x.example/?utm_source=mail"}) == {
        "utm_campaign": "summer", "utm_source": "ads", "utm_content": "b", "utm_medium": "cpc", "utm_term": "t",
    }  # fmt: skip
    assert properties(page={"url": "https://x.example/?utm_source=mail&q=1"}) == {"utm_source": "mail"}
    assert properties(page={"url": "https://[x/?utm_source=a"}, locale=7, os="x", campaign="y") == {}


def test_the_senders_own_property_wins() -> None:
    sent = {"event": "E", "userId": "u", "properties": {"locale": "vi"}, "context": {"locale": "de"}}
    assert taken(sent).properties == {"locale": "vi"}


def test_an_app_knows_itself_better_than_its_user_agent() -> None:
    context = {"userAgent": IPHONE, "os": {"name": "iPadOS"}, "device": {"id": "d", "model": "iPad13,1"}}
    app = {**context, "app": {"name": "Shop"}}
    assert "browser" not in taken({"event": "E", "userId": "u", "context": app}).context
    kept = taken({"event": "E", "userId": "u", "context": context}).context
    assert kept["os"] == {"name": "iPadOS"}
    assert kept["device"] == {"id": "d", "model": "iPad13,1", "manufacturer": "Apple", "type": "phone"}
    assert kept["browser"] == {"name": "Mobile Safari", "version": "17.4"}


@pytest.mark.parametrize("agent", AGENTS)
def test_user_agents(agent: str) -> None:
    told = agent_told(agent)
    named = told.get("browser", {}).get("name"), told.get("os", {}).get("name")
    assert (told.get("device", {}).get("type"), *named) == AGENTS[agent]


def test_a_long_user_agent_is_cut() -> None:
    assert agent_told("x" * 100_000) == {}


def test_addresses_are_kept_by_setting() -> None:
    sent: dict[str, Any] = {"event": "E", "userId": "u", "context": {"ip": "192.0.2.1", "userAgent": "x"}}
    assert "ip" not in taken(sent, keeps_ip=False, ip="192.0.2.9").context
    assert taken(sent, ip="192.0.2.9").context["ip"] == "192.0.2.1"
    sent = {**sent, "context": {"userAgent": "x"}}
    assert taken(sent, ip="192.0.2.9").context["ip"] == "192.0.2.9"
    # A server sends for others, so its own address says nothing of them.
    assert taken({"event": "E", "userId": "u"}, ip="192.0.2.9").context == {}
    refused = kept_message(
        {"type": "x", "context": {"ip": "192.0.2.1"}}, source="web", arrival=Arrival(NOW, None, False)
    )
    assert refused["sent"]["context"] == {}


BAD: list[tuple[Any, ProblemCode, str]] = [
    (["a"], ProblemCode.INVALID, "JSON object, not list"),
    (None, ProblemCode.INVALID, "JSON object, not NoneType"),
    ({"type": "x"}, ProblemCode.INVALID, "types are track, identify"),
    ({"type": ["x"]}, ProblemCode.INVALID, "types are track, identify"),
    ({}, ProblemCode.INVALID, "types are track, identify"),
    ({"event": "E", "userId": "u", "properties": {"x": "y" * MESSAGE_BYTES_MAX}}, ProblemCode.LIMIT, "too large"),
    ({"type": "track", "userId": "u"}, ProblemCode.INVALID, "name is missing"),
    ({"event": "E", "userId": "u", "properties": [1]}, ProblemCode.INVALID, "properties is not usable"),
    ({"event": "E", "userId": "u", "context": "x"}, ProblemCode.INVALID, "context is not usable"),
    ({"type": "identify", "userId": "u", "traits": [1]}, ProblemCode.INVALID, "traits is not usable"),
    ({"event": "E", "userId": {"a": 1}}, ProblemCode.INVALID, "identifiers.0.1 is not usable"),
    ({"event": "E", "userId": "u", "timestamp": "soon"}, ProblemCode.INVALID, "at is not usable"),
    ({"event": "E", "userId": "u", "timestamp": "2099-01-01T00:00:00Z"}, ProblemCode.INVALID, "in the future"),
    ({"event": "E", "userId": "u", "messageId": 7}, ProblemCode.INVALID, "id is not usable"),
    ({"event": "E\ud800", "userId": "u"}, ProblemCode.INVALID, "as a unicode string"),
]


@pytest.mark.parametrize(("sent", "code", "reason"), BAD, ids=[reason for *_, reason in BAD])
def test_what_cannot_be_recorded_says_why(sent: Any, code: ProblemCode, reason: str) -> None:
    raw = kept_message(sent, source="web", arrival=Arrival(NOW))
    problems = take(raw, now=NOW, made_id="made")
    assert isinstance(problems, tuple)
    assert isinstance(problems[0], Problem)
    assert problems[0].code is code
    assert reason in problems[0].message


WORDS = st.sampled_from(
    ["", "track", "page", "alias", "group", "identify", "u", NOW.isoformat(), "https://[x", IPHONE, "0"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "traits",
                    "device",
                    "id",
                    "os",
                    "name",
                    "browser",
                    "page",
                    "search",
                    "url",
                    "campaign",
                    "source",
                    "userAgent",
                    "ip",
                    "app",
                    "email",
                    "phone",
                    "locale",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
NAMED = [
    "type",
    "event",
    "name",
    "category",
    "messageId",
    "userId",
    "anonymousId",
    "previousId",
    "groupId",
    "timestamp",
    "originalTimestamp",
    "sentAt",
    "properties",
    "traits",
    "context",
    "integrations",
    "channel",
]


@given(st.dictionaries(st.sampled_from(NAMED), VALUES) | VALUES, VALUES)
def test_nothing_that_comes_in_breaks_its_batch(sent: Any, sent_at: Any) -> None:
    for keeps_ip in (True, False):
        raw = kept_message(sent, source="web", arrival=Arrival(NOW, sent_at, keeps_ip, "192.0.2.9"))
        assert take(raw, now=NOW, made_id="made")
