"""Segments as YAML, both ways. Pure. Source: docs/segments-as-code.md, rules 1 to 4."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from graphcdp.model.errors import InvalidReferenceError, SegmentFileError
from graphcdp.model.predicates import Predicate, parse_predicate
from graphcdp.model.written import Path, UnusableYamlError, composed, dumped, line_of, node_at, twice, values_of
from graphcdp.segment.definitions import UnusableValueError, check_description, check_key, check_name
from graphcdp.segment.reading import RULE_TEXT_LENGTH_MAX, BadRuleTextError, parse_rule_text
from graphcdp.segment.wording import rule_text

SHOWN_MAX = 20
FIELDS = ("name", "description", "rule", "paused")
_ROOT = "segments"


@dataclass(frozen=True, slots=True)
class WrittenSegment:
    """A segment as a file states it. where: file and line, for errors."""

    key: str
    name: str
    description: str | None
    rule: Predicate
    paused: bool
    where: str


def parse_segments(text: str, where: str) -> list[WrittenSegment]:
    """The segments that YAML text states, in its order; where: what the text is called in errors.

    Raises SegmentFileError, which tells up to twenty things that are wrong, a line each.
    """
    root = composed(text, where, SegmentFileError)
    faults = _Faults(root, where)
    for path, line in twice(root):
        faults.add(path, f"{path[-1]!r} stands there twice, the second time in line {line}")
    if faults.found:
        # Which of the two is meant decides all else.
        raise faults.error()
    try:
        content = values_of(root)
    except UnusableYamlError as error:
        faults.add(error.path, str(error))
        raise faults.error() from error
    if not isinstance(content, dict) or set(content) != {_ROOT} or not isinstance(content[_ROOT] or {}, dict):
        raise SegmentFileError(
            f"{where}:1: the file must hold `segments:` and under it a mapping, from each segment's key to its name, "
            f"description, rule and paused."
        )
    found = [_segment(key, value, faults) for key, value in (content[_ROOT] or {}).items()]
    if faults.found:
        raise faults.error()
    return [one for one in found if one is not None]


def segments_text(segments: Iterable[WrittenSegment], *, trees: bool = False) -> str:
    """The segments as YAML; reading it gives the same ones. trees: rules as trees, not in words."""
    content = {}
    for one in segments:
        told: dict[str, Any] = {"name": one.name}
        if one.description is not None:
            told["description"] = one.description
        told["rule"] = one.rule.to_json() if trees else written_rule(one.rule)
        if one.paused:
            told["paused"] = True
        content[one.key] = told
    return dumped({_ROOT: content})


def parse_rule(value: Any, path: tuple[str, ...] = ()) -> Predicate:
    """The rule that is stated in words or as a tree. Errors as `parse_rule_text` and `parse_predicate`."""
    return parse_rule_text(value, path) if isinstance(value, str) else parse_predicate(value, path)


def written_rule(rule: Predicate) -> Any:
    """The rule in words; as a tree where it is too long for words."""
    words = rule_text(rule)
    return words if len(words) <= RULE_TEXT_LENGTH_MAX else rule.to_json()


def _segment(key: str, value: Any, faults: "_Faults") -> WrittenSegment | None:
    path = (_ROOT, key)
    before = len(faults.found)
    faults.check(lambda: check_key(key), path)
    if not isinstance(value, Mapping):
        faults.add(path, f"a segment has {', '.join(FIELDS)}")
        return None
    for name in value:
        if name not in FIELDS:
            faults.add((*path, name), f"there is no such field; a segment has {', '.join(FIELDS)}")
    name, description, paused = value.get("name", key), value.get("description"), value.get("paused", False)
    if not isinstance(name, str):
        faults.add((*path, "name"), "a name is text")
    else:
        faults.check(lambda: check_name(name), (*path, "name"))
    if not isinstance(description, str | None):
        faults.add((*path, "description"), "a description is text")
    else:
        faults.check(lambda: check_description(description), (*path, "description"))
    if not isinstance(paused, bool):
        faults.add((*path, "paused"), "paused is true or false")
    rule = None
    if value.get("rule") is None:
        faults.add(path, "the rule is missing: write it as `rule`")
    else:
        try:
            rule = parse_rule(value["rule"], (*path, "rule"))
        except BadRuleTextError as error:
            faults.add_in_text((*path, "rule"), error)
        except InvalidReferenceError as error:
            faults.add(error.path or (*path, "rule"), str(error).rstrip("."))
    if rule is None or len(faults.found) > before:
        return None
    return WrittenSegment(key, name, description or None, rule, paused, faults.place(path))


class _Faults:
    """What is wrong with a text, by line."""

    def __init__(self, root: yaml.Node, where: str) -> None:
        self.found: list[str] = []
        self._root = root
        self._where = where

    def place(self, path: Path) -> str:
        return f"{self._where}:{line_of(self._root, path)}"

    def add(self, path: Path, message: str) -> None:
        named = ".".join(str(part) for part in path[1:])
        self.found.append(f"{self.place(path)}: {named + ': ' if named else ''}{message}.")

    def add_in_text(self, path: Path, error: BadRuleTextError) -> None:
        # A block of text begins a line below its name, and has a line for each of its own.
        node = node_at(self._root, path)
        block = error.line if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else 0
        named = ".".join(str(part) for part in path[1:])
        self.found.append(f"{self._where}:{line_of(self._root, path) + block}: {named}: {error}")

    def check(self, look: Any, path: Path) -> None:
        try:
            look()
        except UnusableValueError as error:
            self.add(path, str(error).rstrip("."))

    def error(self) -> SegmentFileError:
        more = len(self.found) - SHOWN_MAX
        told = self.found[:SHOWN_MAX] + ([f"And {more} more."] if more > 0 else [])
        return SegmentFileError("\n".join(told))
