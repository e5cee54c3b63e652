"""Where a webhook may point: nowhere inside the operator's network, unless it is allowed.

Source: docs/webhooks.md, rules 17 to 19.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from graphcdp.model.errors import InvalidReferenceError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

URL_LENGTH_MAX = 2000
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be connected to beside public addresses.

    private: all addresses, and plain http. hosts: names, in lower case. networks: also single addresses.
    """

    private: bool = False
    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, private: bool, allowed: Iterable[str]) -> "Reach":
        """allowed: host names, addresses and networks. Raises ValueError for what is none of these."""
        hosts, networks = set(), []
        for text in allowed:
            try:
                networks.append(ipaddress.ip_network(text.strip("[]"), strict=False))
            except ValueError:
                if not text or any(char in text for char in "/:@ *") or text.replace(".", "").isdigit():
                    raise ValueError(
                        f"{text!r} is no host, address or network; write hooks.internal, 10.1.2.3 or 10.0.0.0/8"
                    ) from None
                hosts.add(text.lower().rstrip("."))
        return cls(private, frozenset(hosts), tuple(networks))

    def trusts_host(self, host: str) -> bool:
        """Whether whatever this name stands for may be connected to."""
        return self.private or host.lower().rstrip(".") in self.hosts

    def refuses(self, text: str) -> str | None:
        """Why this address may not be connected to; None when it may. What is no address may not."""
        try:
            address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
        except ValueError:
            return f"{text!r} is no address"
        if self.private or any(address in network for network in self.networks):
            return None
        for one in (address, *_inside(address)):
            if not one.is_global or one.is_multicast or one.is_reserved or one.is_unspecified or one.is_link_local:
                return f"{text} is not a public address"
        return None

    def check_url(self, text: str) -> str:
        """The URL, when a webhook may have it, as far as can be known before its name is looked up.

        Raises InvalidReferenceError.
        """
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise _bad("it is no URL") from None
        if len(text) > URL_LENGTH_MAX:
            raise _bad(f"it has {len(text)} characters; the most is {URL_LENGTH_MAX}")
        if not text.isascii() or not text.isprintable() or " " in text:
            raise _bad("it holds blanks or other characters than ASCII: write those in percent or punycode form")
        if parts.scheme not in ("https", "http") or not host:
            raise _bad("it must begin with https:// and name a host")
        if parts.username is not None or parts.password is not None:
            raise _bad("it must not hold a user or password: the signature says who is sending")
        if parts.fragment:
            raise _bad("it must not have a fragment")
        if self.trusts_host(host):
            return text
        literal = ":" in host or host.rstrip(".").replace(".", "").isdigit() or host.lower().startswith("0x")
        refused = self.refuses(host) if literal else _local(host)
        if refused is not None:
            raise _bad(f"{refused}; an operator can allow it by GRAPHCDP_WEBHOOK_ALLOWED")
        if parts.scheme == "http" and not (literal and self._names(host)):
            raise _bad(
                "it must begin with https://; an operator can allow plain http for hosts in GRAPHCDP_WEBHOOK_ALLOWED"
            )
        return text

    def _names(self, host: str) -> bool:
        return any(ipaddress.ip_address(host) in network for network in self.networks)


def _inside(address: Address) -> list[Address]:
    """Addresses of IPv4 that an address of IPv6 stands for: a gateway on the way may connect to them."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address] = []
    if address.ipv4_mapped is not None:
        found.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found += address.teredo
    if address in _COMPATIBLE or any(address in network for network in _NAT64):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def _local(host: str) -> str | None:
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        return f"{host} is a name of the local network"
    return None


def _bad(reason: str) -> InvalidReferenceError:
    return InvalidReferenceError(f"The URL is not usable: {reason}.", ("url",))
