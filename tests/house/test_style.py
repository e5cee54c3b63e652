"""The house style, as far as a machine can hold it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "graphcdp").rglob("*.py"))
LINES_MAX = 500
FUNCTION_LINES_MAX = 70
BANNED = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "service"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_named_and_described(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert module.stem not in BANNED
    assert ast.get_docstring(tree), "a module says what it is"
    assert len(text.splitlines()) <= LINES_MAX
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # Without signature and docstring: the options of a command are its documentation.
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            assert (node.end_lineno or 0) - body[0].lineno < FUNCTION_LINES_MAX, f"{node.name} is long"


@pytest.mark.parametrize("room", [path for path in (ROOT / "graphcdp").iterdir() if (path / "__init__.py").exists()])
def test_a_rooms_docstring_maps_its_files(room: Path) -> None:
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    for module in room.glob("*.py"):
        if module.stem != "__init__":
            assert re.search(rf"\b{module.stem}(\.py)?\b", docstring), f"{module.name} is not on the map of {room.name}"


def test_every_setting_is_described() -> None:
    from graphcdp.settings import Settings

    assert all(field.description for field in Settings.model_fields.values())


def test_the_readme_names_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= targets
