"""Identity rules as a YAML file. Source: docs/rules.md, rule 1."""

import hashlib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from graphcdp.model.errors import RulesFileError
from graphcdp.record.small_files import read_small
from graphcdp.resolve.rules import IdentityRules

SHOWN_MAX = 5


def read_rules_file(path: Path, region: str) -> tuple[IdentityRules, str]:
    """The rules in a file, and a hash of its content.

    region: of phone numbers, where the file names none. Raises RulesFileError.
    """
    text = read_small(path, RulesFileError)
    return parse_rules(text, region, str(path)), hashlib.sha256(f"{region}\n{text}".encode()).hexdigest()


def parse_rules(text: str, region: str, where: str) -> IdentityRules:
    """The rules that YAML text states; where: what the text is called in errors. Raises RulesFileError."""
    try:
        content = yaml.safe_load(text) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise RulesFileError(f"{where} is no YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise RulesFileError(f"{where}: the file must hold a mapping of kinds, merge, shared_device and region.")
    return checked_rules({"region": region, **content}, where)


def checked_rules(content: dict[str, Any], where: str) -> IdentityRules:
    """The rules that plain values state. Raises RulesFileError, which tells up to five things that are wrong."""
    if content.get("region") is False:
        # YAML reads Norway as a truth value.
        content = {**content, "region": "NO"}
    try:
        return IdentityRules.model_validate(content)
    except ValidationError as error:
        told = [_told(problem) for problem in error.errors()]
        more = f" And {len(told) - SHOWN_MAX} more." if len(told) > SHOWN_MAX else ""
        raise RulesFileError(f"{where}: {' '.join(told[:SHOWN_MAX])}{more}") from error


def rules_text(rules: IdentityRules) -> str:
    """The rules in full as YAML, the strongest kinds first; reading it gives equal rules."""
    content = rules.model_dump(mode="json")
    kinds = sorted(content["kinds"].items(), key=lambda item: (-item[1]["priority"], item[0]))
    ordered = {name: content[name] for name in ("merge", "shared_device", "region")}
    return yaml.safe_dump({**ordered, "kinds": dict(kinds)}, sort_keys=False, allow_unicode=True, width=100)


def _told(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    what = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {what}." if place else f"{what}."
