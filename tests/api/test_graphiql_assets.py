"""web/README.md: the GraphiQL page is whole, small, and loads nothing from elsewhere."""

import gzip
import re
from pathlib import Path

import graphcdp

BUILT = Path(graphcdp.__file__).parent / "api" / "graphiql"
PREFIX = "/graphiql/"
GZIP_BYTES_MAX = 3_000_000

_HTML_LOADS = re.compile(r"""\b(?:src|href|srcset|action)\s*=\s*["']([^"']*)["']""")
_CSS_LOADS = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
_SCRIPT_LOADS = re.compile(
    r"""(?:\bimport\s*\(?|\bfrom|\bimportScripts\s*\(|\bnew (?:Shared)?Worker\s*\(|\bnew URL\s*\()"""
    r"""\s*["'`]((?:https?:)?//[^"'`]+)"""
)
_NAMED_ASSETS = re.compile(r"""\bassets/[\w.-]+-[\w-]{8}\.\w+""")


def files(suffix: str) -> list[Path]:
    found = sorted(BUILT.rglob(f"*{suffix}"))
    assert found, f"no {suffix} file in {BUILT}; build the page as web/README.md says"
    return found


def index() -> str:
    return (BUILT / "index.html").read_text(encoding="utf-8")


def css_loads(path: Path) -> list[str]:
    return [url or imported for url, imported in _CSS_LOADS.findall(path.read_text(encoding="utf-8"))]


def test_index_loads_only_files_that_are_shipped() -> None:
    loads = _HTML_LOADS.findall(index())
    assert any(load.endswith(".js") for load in loads)
    assert any(load.endswith(".css") for load in loads)
    for load in loads:
        assert load.startswith(PREFIX), f"index.html loads {load}, which is not ours"
        assert (BUILT / load.removeprefix(PREFIX)).is_file(), f"index.html loads {load}, which is not shipped"


def test_style_sheets_load_only_files_that_are_shipped() -> None:
    for sheet in files(".css"):
        for load in css_loads(sheet):
            if load.startswith(("data:", "#")):
                continue
            assert "//" not in load, f"{sheet.name} loads {load}, which is not ours"
            target = BUILT / load.removeprefix(PREFIX) if load.startswith(PREFIX) else sheet.parent / load
            assert target.is_file(), f"{sheet.name} loads {load}, which is not shipped"


def test_scripts_load_only_files_that_are_shipped() -> None:
    shipped = {path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*")}
    for script in files(".js"):
        text = script.read_text(encoding="utf-8")
        assert not _SCRIPT_LOADS.findall(text), f"{script.name} loads code from elsewhere"
        assert set(_NAMED_ASSETS.findall(text)) <= shipped, f"{script.name} names files that are not shipped"


def test_each_asset_is_named_by_another_file() -> None:
    texts = {
        path: path.read_text(encoding="utf-8") for path in BUILT.rglob("*") if path.suffix in {".html", ".css", ".js"}
    }
    for asset in (BUILT / "assets").iterdir():
        assert any(asset.name in text for path, text in texts.items() if path != asset), f"{asset.name} is left over"


def test_index_has_no_inline_script_or_handler() -> None:
    """The page works under script-src 'self'."""
    page = index()
    for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL):
        assert "src=" in attributes
        assert not body.strip()
    assert not re.search(r"<[^>]+\son\w+\s*=", page)
    assert "javascript:" not in page


def test_three_workers_are_shipped() -> None:
    """Without them Monaco would run on the page's own thread."""
    workers = {path.name.split("-")[0] for path in files(".js") if ".worker-" in path.name}
    assert workers == {"editor.worker", "graphql.worker", "json.worker"}


def test_licenses_of_the_bundled_packages_are_shipped() -> None:
    licenses = (BUILT / "LICENSES.md").read_text(encoding="utf-8")
    for package in ("graphiql", "monaco-editor", "react"):
        assert f"## {package} - " in licenses


def test_page_is_small_and_has_no_source_maps() -> None:
    assert not list(BUILT.rglob("*.map"))
    assert not any("sourceMappingURL=" in script.read_text(encoding="utf-8") for script in files(".js"))
    total = sum(len(gzip.compress(path.read_bytes(), 6)) for path in BUILT.rglob("*") if path.is_file())
    assert total < GZIP_BYTES_MAX
