"""A company's mirror of Maven Central is used when the machine's Maven settings name one."""

import pytest

from graphcdp.embedded.maven import mirror_of_central

NAMESPACE = "http://maven.apache.org/SETTINGS/1.2.0"


@pytest.mark.parametrize(
    ("mirror_of", "is_used"),
    [
        ("central", True),
        ("*", True),
        ("external:*", True),
        ("snapshots, central", True),
        ("snapshots", False),
        ("*,!central", False),
    ],
)
@pytest.mark.parametrize("namespace", ["", f' xmlns="{NAMESPACE}"'])
def test_mirror(mirror_of: str, is_used: bool, namespace: str) -> None:
    settings = f"""<settings{namespace}><mirrors><mirror>
        <id>ours</id><mirrorOf>{mirror_of}</mirrorOf><url> https://maven.example.com/all/ </url>
    </mirror></mirrors></settings>"""
    assert mirror_of_central(settings) == ("https://maven.example.com/all" if is_used else None)


@pytest.mark.parametrize("settings", ["", "<settings>", "<settings/>", "no xml"])
def test_no_mirror(settings: str) -> None:
    assert mirror_of_central(settings) is None
