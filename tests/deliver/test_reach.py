"""docs/webhooks.md, rules 15 to 19: where webhooks may go, checked on the address that is connected to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from graphcdp.deliver.http import ANSWER_BYTES_MAX, Sender
from graphcdp.model.addresses import Reach
from graphcdp.model.errors import DeliveryError, InvalidReferenceError, SettingsError
from graphcdp.settings import Settings
from tests.deliver.receiver import DROP, FAIL, HANG, LATER, TAKE, Receiver, elsewhere, receiving

REFUSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "224.0.1.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
]
TAKEN = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"]


@pytest.mark.parametrize("address", REFUSED)
def test_rule_17_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert Reach().refuses(address)
    assert Reach(private=True).refuses(address) is None
    literal = f"[{address}]" if ":" in address else address
    if "%" not in address:
        with pytest.raises(InvalidReferenceError, match="not a public address"):
            Reach().check_url(f"https://{literal}/hook")


@pytest.mark.parametrize("address", TAKEN)
def test_rule_17_public_addresses_are_taken(address: str) -> None:
    assert Reach().refuses(address) is None
    Reach().check_url(f"https://{f'[{address}]' if ':' in address else address}:8443/hook?a=b")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://shop.example/hook", "https://"),
        ("ftp://shop.example/hook", "https://"),
        ("file:///etc/passwd", "https://"),
        ("gopher://127.0.0.1:6379/_x", "https://"),
        ("https://", "name a host"),
        ("https:///hook", "name a host"),
        ("//shop.example/hook", "https://"),
        ("https://user:pass@shop.example/", "user or password"),
        ("https://shop.example/#x", "fragment"),
        ("https://shop.example:99999/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://shop.example/a b", "blanks"),
        ("https://shop.example/\r\nX: y", "blanks"),
        ("https://ｌocalhost/", "ASCII"),
        ("https://localhost/", "local network"),
        ("https://LOCALHOST./", "local network"),
        ("https://a.localhost/", "local network"),
        ("https://metadata.google.internal/", "local network"),
        ("https://printer.local/", "local network"),
        ("https://127.1/", "no address"),
        ("https://2130706433/", "no address"),
        ("https://0x7f.0.0.1/", "no address"),
        ("https://0x7f000001/", "no address"),
        ("https://017700000001/", "no address"),
        ("https://127.0.0.1./", "no"),
        ("https://shop.example/" + "x" * 2000, "2021 characters"),
    ],
)
def test_rule_18_urls_that_cannot_be(url: str, reason: str) -> None:
    with pytest.raises(InvalidReferenceError, match="The URL is not usable") as raised:
        Reach().check_url(url)
    assert reason in str(raised.value)
    assert raised.value.path == ("url",)


def test_rule_19_what_an_operator_allows() -> None:
    reach = Reach.of(False, ["hooks.internal", "10.1.0.0/16", "192.168.7.7", "fd00::/8"])
    for url in (
        "http://hooks.internal:9000/x",
        "https://HOOKS.internal/x",
        "https://10.1.2.3/",
        "http://10.1.2.3/",
        "https://192.168.7.7/",
        "https://[fd00::5]/",
    ):
        reach.check_url(url)
    for url in ("https://10.2.0.1/", "https://192.168.7.8/", "http://shop.example/", "https://x.hooks.internal/"):
        with pytest.raises(InvalidReferenceError):
            reach.check_url(url)
    assert reach.refuses("10.1.2.3") is None
    assert reach.refuses("10.2.2.3")
    for bad in ("10.0.0.0/40", "a b", "https://x", "10.1", "*"):
        with pytest.raises(ValueError, match="no host, address or network"):
            Reach.of(False, [bad])
    with pytest.raises(SettingsError, match="GRAPHCDP_WEBHOOK_ALLOWED"):
        Settings.load(webhook_allowed="10.0.0.0/99")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def refused(sender: Sender, url: str) -> str:
    try:
        with pytest.raises(DeliveryError) as raised:
            await sender.post(url, b"{}", {})
    finally:
        await sender.close()
    return str(raised.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_rule_17_nothing_is_sent_to_a_private_address(receiver: Receiver, host: str) -> None:
    message = await refused(Sender(Reach(), 2), f"http://{host}:{receiver.port}/hook")
    assert "not a public address" in message
    assert receiver.got == []


async def test_rule_17_a_name_that_stands_for_another_address_a_moment_later_gains_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up once, and the address that it stood for is the one that is checked and connected to."""
    asked: list[str] = []
    loop = asyncio.get_running_loop()

    async def rebinding(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(loop, "getaddrinfo", rebinding)
    message = await refused(Sender(Reach(), 2), f"http://rebind.example:{receiver.port}/hook")
    assert asked == ["rebind.example"]
    assert "127.0.0.1 is not a public address" in message
    assert receiver.got == []
    # The very same name is fine where an operator allows what it stands for.
    sender = Sender(Reach.of(False, ["127.0.0.0/8"]), 2)
    assert await sender.post(f"http://rebind.example:{receiver.port}/hook", b"{}", {}) == 204
    await sender.close()
    assert receiver.got[0].headers["host"] == f"rebind.example:{receiver.port}"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (FAIL, 500, "it answered 500"),
        (LATER, 503, "it answered 503"),
        (HANG, None, "no whole answer within 0.2 s"),
        (DROP, None, "no whole answer"),
        (b"nonsense\r\n\r\n", None, "no whole answer"),
        (elsewhere("http://169.254.169.254/latest"), 307, "not followed"),
    ],
)
async def test_rule_15_what_counts_as_not_taken(
    receiver: Receiver, answer: bytes, status: int | None, reason: str
) -> None:
    receiver.answer = lambda got: answer
    sender = Sender(Reach(private=True), 0.2)
    with pytest.raises(DeliveryError) as raised:
        await sender.post(receiver.url, b"{}", {})
    await sender.close()
    assert (raised.value.status, reason in str(raised.value)) == (status, True), str(raised.value)
    assert raised.value.retry_after_s == (2 if answer == LATER else None)
    assert len(receiver.got) == 1


async def test_rule_16_an_answer_is_read_no_further_than_its_bound(receiver: Receiver) -> None:
    size = ANSWER_BYTES_MAX * 100
    receiver.answer = lambda got: f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size
    sender = Sender(Reach(private=True), 5)
    assert await sender.post(receiver.url, b"{}", {}) == 200
    receiver.answer = lambda got: TAKE
    assert await sender.post(receiver.url, b"{}", {}) == 204
    await sender.close()


async def test_rule_15_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    sender = Sender(Reach(private=True), 2)
    assert await sender.post(receiver.url, b"{}", {}) == 204
    await sender.close()
