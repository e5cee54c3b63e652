"""Neo4j's own import: one database or the other, whenever it stops; failures in one line."""

from pathlib import Path

import pytest

from graphcdp import embedded
from graphcdp.embedded.admin import ImportFiles, clean_work, finish, import_full, work_folder
from graphcdp.embedded.folder import DataFolder
from graphcdp.model.errors import EmbeddedError


def database(home: Path, content: str) -> None:
    """What stands for a database, to be told apart by its content."""
    for part in ("databases", "transactions"):
        folder = home / "data" / part / "neo4j"
        folder.mkdir(parents=True)
        (folder / "store").write_text(content)


def content(home: Path) -> set[str]:
    return {path.read_text() for path in home.glob("data/*/neo4j/store")}


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder with a database."""
    database(tmp_path, "former")
    return DataFolder.at(tmp_path)


def test_an_import_that_was_killed_leaves_the_former_database(folder: DataFolder) -> None:
    database(work_folder(folder) / "home", "half")
    finish(folder)
    assert content(folder.path) == {"former"}
    assert not work_folder(folder).exists()


@pytest.mark.parametrize("moved", [(), ("databases",)])
def test_one_that_was_whole_takes_its_place_at_the_next_start(folder: DataFolder, moved: tuple[str, ...]) -> None:
    work = work_folder(folder)
    database(work / "home", "new")
    (work / "whole").touch()
    for part in moved:
        # Killed between the two.
        (folder.path / "data" / part / "neo4j" / "store").write_text("new")
        (work / "home" / "data" / part / "neo4j" / "store").unlink()
        (work / "home" / "data" / part / "neo4j").rmdir()
    finish(folder)
    assert content(folder.path) == {"new"}
    assert not work.exists()


@pytest.mark.timeout(120)
def test_a_failure_is_one_line_and_changes_nothing(folder: DataFolder, cache_dir: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(":ID\x01id:long\n0\x01many\n")
    with (
        clean_work(folder),
        pytest.raises(EmbeddedError, match=r"^Neo4j's import failed: .*many.* The database is as it was\.$") as raised,
    ):
        import_full(folder, embedded.ensure(cache_dir), ImportFiles({"Event": [bad]}, {}), heap_max="512m")
    assert "\n" not in str(raised.value)
    assert content(folder.path) == {"former"}
    assert not work_folder(folder).exists()
