"""Cleans each distinct claim once."""

from collections.abc import Sequence
from dataclasses import replace

from graphcdp.model.identifiers import Claim, Identifier
from graphcdp.model.problems import Problem
from graphcdp.resolve.clean import Cleaned, clean_one
from graphcdp.resolve.rules import IdentityRules

REMEMBERED_MAX = 1_000_000


class Cleaner:
    """As `graphcdp.resolve.clean`, for many messages that name the same."""

    def __init__(self, rules: IdentityRules) -> None:
        self.rules = rules
        self._known: dict[tuple[str, str], Identifier | Problem] = {}

    def one(self, kind: str, value: str) -> Identifier | Problem:
        """The normal form of a claim, or why it has none; the problem's path is that of the first claim."""
        found = self._known.get((kind, value))
        if found is None:
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            found = self._known[kind, value] = clean_one(Claim(kind, value), self.rules)
        return found

    def clean(self, claims: Sequence[Claim]) -> Cleaned:
        """Normal forms of a message's identifiers, and a problem for each one that is dropped."""
        identifiers: list[Identifier] = []
        places: list[int] = []
        problems: list[Problem] = []
        for place, claim in enumerate(claims):
            found = self.one(claim.kind, claim.value)
            if isinstance(found, Problem):
                problems.append(replace(found, path=("identifiers", str(place))))
            elif found not in identifiers:
                identifiers.append(found)
                places.append(place)
        return Cleaned(tuple(identifiers), tuple(places), tuple(problems))
