"""docs/streams.md, rule 9: options of the client, from a file that other programs use, too."""

import ssl
from pathlib import Path

import pytest

from graphcdp.model.errors import StreamError
from graphcdp.streams import options
from graphcdp.streams.options import client_options, require_client


def test_a_file_of_options(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_text(
        "# the cluster\nbootstrap.servers = a:1,b:2\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
        "sasl.username=cdp\nsasl.password=a=b c\nsession.timeout.ms=45000\ncompression.type=none\n"
    )
    given = client_options(None, path)
    assert isinstance(given.shared.pop("ssl_context"), ssl.SSLContext)
    assert given.shared == {
        "bootstrap_servers": "a:1,b:2", "security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "cdp", "sasl_plain_password": "a=b c",
    }  # fmt: skip
    assert given.consumer == {"session_timeout_ms": 45000}
    assert given.producer == {"compression_type": None}
    assert client_options("c:3", path).shared["bootstrap_servers"] == "c:3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "No broker is named"),
        ("bootstrap.servers=a:1\nsecurity.protocl=SSL", ":2: the option 'security.protocl' is not known"),
        ("bootstrap.servers=a:1\nsecurity.protocol=ssl", "security.protocol is not usable: 'ssl' is none of"),
        ("bootstrap.servers=a:1\nsession.timeout.ms=soon", "session.timeout.ms is not usable"),
        ("bootstrap.servers=a:1\nnonsense", ":2: write name=value"),
        ("bootstrap.servers=a:1\nssl.ca.location=/ca.pem", "security.protocol is not SSL"),
        ("bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.ca.location=/none.pem", "certificates cannot be used"),
    ],
)
def test_what_cannot_work_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "client.properties"
    path.write_text(text)
    with pytest.raises(StreamError, match=said.replace("(", r"\(")):
        client_options(None, path)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(StreamError, match="No such file"):
        client_options("a:1", Path("/none.properties"))


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    require_client()
    monkeypatch.setattr(options, "find_spec", lambda name: None)
    with pytest.raises(StreamError, match=r"pip install 'graphcdp\[kafka\]'"):
        require_client()
