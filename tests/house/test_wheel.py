"""What an installed package must bring along: statements, the lock, GraphiQL, the demo's data."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    command = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), "."]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    (wheel,) = folder.glob("graphcdp-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_all_statements_are_found_in_a_wheel(installed: Path) -> None:
    in_checkout = sorted(str(path.relative_to(ROOT / "cypher")) for path in (ROOT / "cypher").rglob("*.cypher"))
    code = "from graphcdp.store import statements as s; print(s.root()); print(*s.names(), sep='\\n')"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=installed, env={"PYTHONPATH": str(installed)}, check=True,
        capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    assert told[0] == str(installed / "graphcdp" / "_cypher")
    assert told[1:] == [name.removesuffix(".cypher") for name in in_checkout]


@pytest.mark.parametrize(
    "path",
    [
        "graphcdp/embedded/neo4j.lock.json",
        "graphcdp/api/graphiql/index.html",
        "graphcdp/demo/data/complete-journey/README.md",
        "graphcdp/demo/data/complete-journey/transactions.csv.gz",
        "graphcdp/py.typed",
    ],
)
def test_files_that_are_no_code_are_shipped(installed: Path, path: str) -> None:
    assert (installed / path).is_file()
