"""A Cypher statement that was generated, with the values of its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """text: Cypher in which no value stands, only `$names`; parameters: their values."""

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
