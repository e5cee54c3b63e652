"""YAML that people write: its values, and the line in which each stands. Pure.

Plain words are read as YAML 1.2 does, so that `no`, `on` and 2026-01-31 are text; what is
dumped here is quoted wherever an older reader would take it for something else.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml

from graphcdp.model.errors import GraphCDPError

Path: TypeAlias = tuple[str | int, ...]
NODES_MAX = 200_000
"""Values of one text, those behind aliases counted at each place."""

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DIGITS_MAX = 400


def composed(text: str, where: str, error_type: type[GraphCDPError]) -> yaml.Node:
    """The text as a tree of nodes, each with its line; where: what it is called in errors. Raises `error_type`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise error_type(f"{where} is no YAML: {' '.join(str(error).split())}.") from error
    if root is None:
        raise error_type(f"{where}: there is nothing in it.")
    return root


def values_of(root: yaml.Node) -> Any:
    """The values of a tree. Raises ValueError for what is no plain value, with `path` where it stands."""
    return _Values().of(root, ())


def twice(root: yaml.Node) -> Iterator[tuple[Path, int]]:
    """Names that stand in a mapping twice, of which YAML would take the last: path, and line of the second."""
    todo: list[tuple[yaml.Node, Path]] = [(root, ())]
    seen: set[int] = set()
    while todo:
        node, path = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in names and isinstance(key, yaml.ScalarNode):
                    yield (*path, name), key.start_mark.line + 1
                names.add(name)
                todo.append((value, (*path, name)))
        elif isinstance(node, yaml.SequenceNode):
            todo += [(one, (*path, place)) for place, one in enumerate(node.value)]


def line_of(root: yaml.Node, path: Path) -> int:
    """The line, from 1, in which a place stands, or what is nearest around it."""
    node, line = root, root.start_mark.line
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if str(key.value) == str(part)]
            if not found:
                break
            key, node = found[0]
            line = key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and str(part).isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line
        else:
            break
    return line + 1


def node_at(root: yaml.Node, path: Path) -> yaml.Node | None:
    """What stands at a path of names; None when there is nothing."""
    node: yaml.Node | None = root
    for part in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for key, value in pairs if str(key.value) == str(part)), None)
    return node


def dumped(values: Any) -> str:
    """Values as YAML, mappings in their order; `values_of` makes equal ones of it."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class UnusableYamlError(ValueError):
    """YAML that is no plain value. path: where."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


class _Values:
    def __init__(self) -> None:
        self._left = NODES_MAX
        self._around: set[int] = set()

    def of(self, node: yaml.Node, path: Path) -> Any:
        self._left -= 1
        if self._left < 0 or id(node) in self._around:
            raise UnusableYamlError("aliases repeat too much", path)
        if isinstance(node, yaml.ScalarNode):
            return (
                _scalar(node.value) if node.style is None and node.tag.startswith("tag:yaml.org,2002:") else node.value
            )
        self._around.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.of(one, (*path, place)) for place, one in enumerate(node.value)]
            return {self._name(key, path): self.of(value, (*path, str(key.value))) for key, value in node.value}
        finally:
            self._around.discard(id(node))

    def _name(self, key: yaml.Node, path: Path) -> str:
        if not isinstance(key, yaml.ScalarNode):
            raise UnusableYamlError("a name is text", path)
        return str(key.value)


class _Dumper(yaml.SafeDumper):
    """Writes each text so that it is read as text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = '"' if _scalar(value) != value or any(ord(character) < 32 for character in value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _scalar(text: str) -> Any:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if len(text) <= _DIGITS_MAX:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
