"""Cypher statements that were generated, with the values of their parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """text: Cypher in which no value stands, only `$names`; parameters: their values."""

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SharedStatement(Statement):
    """A statement that may be asked for several requests at once, which differ in some of its values alone.

    together: for several of them, with the parameters that they have in common and `$together.asked`, a map for each:
    its values of the parameters `own`, and its `place`. The only value is a list of [place, answer], where `answer` is
    the only value of the statement for one.
    """

    together: str = ""
    own: frozenset[str] = frozenset()

    @property
    def common(self) -> dict[str, Any]:
        """The values in which requests must agree to be asked together."""
        return {name: value for name, value in self.parameters.items() if name not in self.own}


def together(statements: Sequence[SharedStatement]) -> Statement:
    """The statement for all of these, which agree in `together` and `common`; each place is that in the sequence."""
    first = statements[0]
    asked = [
        {"place": place, **{name: one.parameters[name] for name in one.own}} for place, one in enumerate(statements)
    ]
    # Within one map, for the database plans a statement anew for each size of a list that is a parameter.
    return Statement(first.together, {**first.common, "together": {"asked": asked}})
