"""The named Cypher files: `text("read/customer_by_id")` is `cypher/read/customer_by_id.cypher`."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


@cache
def root() -> Traversable:
    """The folder of statements: beside the package in a checkout, inside it in a wheel."""
    packaged = files("graphcdp") / "_cypher"
    if packaged.is_dir():
        return packaged
    return Path(__file__).parents[2] / "cypher"


@cache
def text(name: str) -> str:
    """The statement of this name, with its head.

    Raises LookupError when there is no such file.
    """
    found = root()
    for part in f"{name}.cypher".split("/"):
        found = found / part
    if not found.is_file():
        raise LookupError(f"there is no statement cypher/{name}.cypher")
    return found.read_text(encoding="utf-8")


def names() -> list[str]:
    """Names of all statements, sorted."""

    def walk(folder: Traversable, prefix: str) -> list[str]:
        found: list[str] = []
        for entry in folder.iterdir():
            if entry.is_dir():
                found += walk(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".cypher"):
                found.append(prefix + entry.name.removesuffix(".cypher"))
        return found

    return sorted(walk(root(), ""))
