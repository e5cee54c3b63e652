"""Fetching and resolving jars with jgo, by the machine's own Maven settings.

A mirror of Maven Central in ~/.m2/settings.xml, or repositories in jgo's
configuration, come before Maven Central itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from graphcdp.embedded.artifacts import Jar

_PATIENCE_S = 30  # without a byte, on a slow line with many files at once


def fetch_from_maven(jar: "Jar", folder: Path, advance: Callable[[int], None]) -> Path:
    """Download a jar below folder and return its path; the content is not verified yet.

    Raises ConnectionError when no repository gives it.
    """
    # Imported here, for jgo and requests take a third of a second that a start with a full cache need not spend.
    from jgo.maven import MavenContext, PythonResolver
    from requests import RequestException

    @contextmanager
    def told(_filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield advance

    context = MavenContext(
        resolver=PythonResolver(progress_callback=told),
        repo_cache=folder,
        remote_repos=_repositories(),
        timeout=_PATIENCE_S,
    )
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier, "jar")
    try:
        return Path(artifact.resolve())
    except RequestException as error:
        raise ConnectionError(f"no connection ({type(error).__name__})") from error
    except RuntimeError as error:
        # jgo says so when each repository answered, but none with the file.
        raise ConnectionError("no repository has it, or each is unable to answer now") from error


def resolve_coordinates(roots: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """All jars that some coordinates need: (group, artifact, version, classifier), in no order.

    Reads about 400 descriptions from Maven the first time, a minute or more.
    """
    import jgo

    found: list[Any] = jgo.resolve("+".join(roots), repositories=_repositories())
    return [(each.groupId, each.artifactId, each.version, each.classifier) for each in found if each.packaging == "jar"]


@cache
def _repositories() -> dict[str, str]:
    """Address of each repository by its name, the preferred one first."""
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    settings = Path.home() / ".m2" / "settings.xml"
    mirror = mirror_of_central(settings.read_text(encoding="utf-8")) if settings.is_file() else None
    if mirror is not None:
        return {"mirror": mirror}
    return {**GlobalSettings.load().repositories, **MavenContext().remote_repos}


def mirror_of_central(settings: str) -> str | None:
    """The address that a Maven settings.xml gives instead of Maven Central, if any."""
    try:
        root = ElementTree.fromstring(settings)  # noqa: S314  # the user's own configuration, not a stranger's
    except ElementTree.ParseError:
        return None
    for mirror in root.iterfind(".//{*}mirror"):
        replaced = {name.strip() for name in (mirror.findtext("{*}mirrorOf") or "").split(",")}
        address = (mirror.findtext("{*}url") or "").strip().rstrip("/")
        if address and "!central" not in replaced and replaced & {"*", "central", "external:*"}:
            return address
    return None
