"""Whether a server answers on bolt and lets us in: the least of the protocol that tells.

This room must not know the driver, so the two messages that are needed are
written here. Source: the Bolt protocol, version 5.1, and PackStream version 1.
"""

import socket
from enum import Enum

_MAGIC = bytes.fromhex("6060b017")
_VERSIONS = bytes.fromhex("00010205 00000000 00000000 00000000")  # 5.2 or 5.1, and no other
_HELLO, _LOGON, _SUCCESS = 0x01, 0x6A, 0x70
_ANSWER_TIMEOUT_S = 5.0
_ANSWER_BYTES_MAX = 1 << 16


class Answer(Enum):
    """What came back."""

    SILENT = "nobody answers yet"
    REFUSED = "it answers, but not to this user and password"
    READY = "it answers, and this user and password are right"


def ask(port: int, user: str, password: str) -> Answer:
    """Log in on this machine's port and leave again. Never raises for what the other side does."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_TIMEOUT_S) as connection:
            connection.sendall(_MAGIC + _VERSIONS)
            if _read(connection, 4)[3:] != b"\x05":
                return Answer.SILENT
            connection.sendall(_message(_HELLO, {"user_agent": "graphcdp"}))
            if _read_tag(connection) != _SUCCESS:
                return Answer.SILENT
            connection.sendall(_message(_LOGON, {"scheme": "basic", "principal": user, "credentials": password}))
            return Answer.READY if _read_tag(connection) == _SUCCESS else Answer.REFUSED
    except OSError:
        return Answer.SILENT


def _message(tag: int, fields: dict[str, str]) -> bytes:
    """One message in one chunk: a structure of one map of strings."""
    body = bytes([0xB1, tag, 0xA0 + len(fields)])
    for name, value in fields.items():
        body += _string(name) + _string(value)
    return len(body).to_bytes(2, "big") + body + b"\x00\x00"


def _string(value: str) -> bytes:
    encoded = value.encode()
    return b"\xd0" + len(encoded).to_bytes(1, "big") + encoded


def _read_tag(connection: socket.socket) -> int:
    """Read one whole message; its tag is the second byte."""
    body = b""
    while size := int.from_bytes(_read(connection, 2), "big"):
        body += _read(connection, size)
        if len(body) > _ANSWER_BYTES_MAX:
            raise ConnectionError("no bolt server answers at such length")
    return body[1] if len(body) > 1 else 0


def _read(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        piece = connection.recv(size - len(read))
        if not piece:
            raise ConnectionError("closed")
        read += piece
    return read
