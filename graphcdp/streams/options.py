"""A file of client options -> what the client is given. Source: docs/streams.md, rule 9.

The names are those that Kafka's clients share (librdkafka's where they differ), so that a file which other programs
use will do. A name that is not known here is an error: an option about safety must not be passed over.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from graphcdp.model.errors import StreamError

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_CERTIFICATES = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password")


def _one_of(*allowed: str) -> Callable[[str], str]:
    def chosen(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{text!r} is none of {', '.join(allowed)}")
        return text

    return chosen


# Name in the file -> the client's argument, and how its text is read.
_SHARED: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "bootstrap.servers": ("bootstrap_servers", str),
    "client.id": ("client_id", str),
    "security.protocol": ("security_protocol", _one_of(*_PROTOCOLS)),
    "sasl.mechanism": ("sasl_mechanism", _one_of(*_MECHANISMS)),
    "sasl.username": ("sasl_plain_username", str),
    "sasl.password": ("sasl_plain_password", str),
    "request.timeout.ms": ("request_timeout_ms", int),
}
_OF_CONSUMERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "auto.offset.reset": ("auto_offset_reset", _one_of("earliest", "latest")),
    "client.rack": ("client_rack", str),
    "fetch.max.bytes": ("fetch_max_bytes", int),
    "group.instance.id": ("group_instance_id", str),
    "heartbeat.interval.ms": ("heartbeat_interval_ms", int),
    "isolation.level": ("isolation_level", _one_of("read_committed", "read_uncommitted")),
    "max.partition.fetch.bytes": ("max_partition_fetch_bytes", int),
    "max.poll.interval.ms": ("max_poll_interval_ms", int),
    "session.timeout.ms": ("session_timeout_ms", int),
}
_OF_PRODUCERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "compression.type": ("compression_type", _one_of("none", "gzip", "snappy", "lz4", "zstd")),
    "max.request.size": ("max_request_size", int),
}
KNOWN = (*_SHARED, *_CERTIFICATES, *_OF_CONSUMERS, *_OF_PRODUCERS)


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Arguments for every client, for consumers alone, for producers alone."""

    shared: dict[str, Any]
    consumer: dict[str, Any]
    producer: dict[str, Any]


def client_options(brokers: str | None, path: Path | None) -> ClientOptions:
    """What the client is given. brokers: `host:port`, with commas; wins over the file's. Raises StreamError."""
    named = {} if path is None else _read(path)
    if brokers:
        named["bootstrap.servers"] = brokers
    if not named.get("bootstrap.servers"):
        raise StreamError(
            "No broker is named: say --brokers host:port, or set GRAPHCDP_KAFKA_BROKERS, or bootstrap.servers in the "
            "file that GRAPHCDP_KAFKA_CONFIG names."
        )
    where = str(path)
    shared = _arguments(_SHARED, named, where)
    if shared.get("security_protocol", "PLAINTEXT").endswith("SSL"):
        shared["ssl_context"] = _ssl_context(named, where)
    elif any(name in named for name in _CERTIFICATES):
        raise StreamError(f"{where}: certificates are named, but security.protocol is not SSL or SASL_SSL.")
    return ClientOptions(shared, _arguments(_OF_CONSUMERS, named, where), _arguments(_OF_PRODUCERS, named, where))


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise StreamError(f"The options of Kafka in {path} cannot be read: {reason}.") from error
    named: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith(("#", "!")):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise StreamError(f"{path}:{number}: write name=value, one a line.")
        if name.strip() not in KNOWN:
            raise StreamError(
                f"{path}:{number}: the option {name.strip()!r} is not known; known are {', '.join(KNOWN)}."
            )
        named[name.strip()] = value.strip()
    return named


def _arguments(
    known: Mapping[str, tuple[str, Callable[[str], Any]]], named: Mapping[str, str], where: str
) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, (argument, read) in known.items():
        if name not in named:
            continue
        try:
            arguments[argument] = read(named[name])
        except ValueError as error:
            raise StreamError(f"{where}: {name} is not usable: {error}.") from error
    if arguments.get("compression_type") == "none":
        arguments["compression_type"] = None
    return arguments


def _ssl_context(named: Mapping[str, str], where: str) -> ssl.SSLContext:
    """Certificates and host names of brokers are always checked."""
    try:
        context = ssl.create_default_context(cafile=named.get("ssl.ca.location"))
        if "ssl.certificate.location" in named:
            context.load_cert_chain(
                named["ssl.certificate.location"],
                named.get("ssl.key.location"),
                # Never asked at the terminal: a service has nobody to answer.
                named.get("ssl.key.password", ""),
            )
    except (OSError, ValueError) as error:
        raise StreamError(f"{where}: the certificates cannot be used: {error}.") from error
    return context


def require_client() -> None:
    """Raise StreamError that says how to get the client of Kafka when it is not installed."""
    if find_spec("aiokafka") is None:
        raise StreamError("Kafka needs aiokafka, which is not installed: pip install 'graphcdp[kafka]'.")
