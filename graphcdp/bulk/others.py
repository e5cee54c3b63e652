"""Nodes beside customers, identifiers and messages: refused evidence, refused messages, and what was there before."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from graphcdp.bulk.identity import Decided
from graphcdp.bulk.lines import LineFiles
from graphcdp.bulk.marks import MARKS, is_header, native, quoted
from graphcdp.bulk.parts import Late, Shape, time_field
from graphcdp.record.apply import pair_text
from graphcdp.record.ids import NewIds
from graphcdp.resolve.writes import Refusal


def write_others(files: LineFiles, first_node: int, nodes: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Late]:
    """Write nodes by labels (joined with colons) and properties; what no file can hold is returned."""
    rows_by_shape: dict[Shape, list[list[str]]] = {}
    late: list[Late] = []
    node = first_node
    for labels, properties in nodes:
        columns: list[tuple[str, str]] = []
        for name, value in sorted(properties.items()):
            if value is None:
                continue
            typed = _field(value) if is_header(name) else None
            if typed is None:
                late.append(Late(labels, str(properties.get("id")), {name: value}))
            else:
                columns.append((f"{name}:{typed[0]}", typed[1]))
        marked = any(MARKS.search(text) for _, text in columns)
        shape = Shape(labels, (":ID", *(name for name, _ in columns)), marked)
        rows_by_shape.setdefault(shape, []).append([str(node), *(quoted(text) for _, text in columns)])
        node += 1
    for shape, rows in rows_by_shape.items():
        files.write_nodes(shape, [pa.array(column, pa.large_string()) for column in zip(*rows, strict=True)])
    return late


def _field(value: Any) -> tuple[str, str] | None:
    if isinstance(value, datetime):
        return "datetime", time_field(value)
    return native(value)


def rejected(kept: Iterable[Mapping[str, Any]], now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Refused messages, the very same one once, as `record/create_rejected` keeps them."""
    by_hash: dict[str, dict[str, Any]] = {}
    for row in kept:
        known = by_hash.setdefault(row["hash"], {**row, "receivedAt": now})
        known |= {"code": row["code"], "reason": row["reason"]}
    return [("Rejected", row) for row in by_hash.values()]


def conflicts(decided: Decided, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """What is kept of refused evidence, as `record/keep_conflicts` and `record/solve_conflicts` would have kept it."""
    ids = NewIds(now)
    by_pair: dict[str, list[tuple[int, Refusal]]] = {}
    for ordinal, refusal in sorted(decided.refusals, key=lambda one: one[0]):
        by_pair.setdefault(pair_text(refusal.between), []).append((ordinal, refusal))
    return [("Conflict", _conflict(pair, some, decided, ids, now)) for pair, some in sorted(by_pair.items())]


def _conflict(
    pair: str, some: Sequence[tuple[int, Refusal]], decided: Decided, ids: NewIds, now: datetime
) -> dict[str, Any]:
    first, (last_ordinal, last) = some[0][1], some[-1]
    solved = decided.linked_at.get(first.between, -1) > last_ordinal
    return {
        "pair": pair,
        "id": ids.conflict(),
        "one": first.between[0],
        "other": first.between[1],
        "subject": first.subject.key,
        "identifier": first.identifier.key,
        "source": first.source,
        "message": first.message,
        "code": last.code,
        "kind": last.kind,
        "limit": last.limit,
        "actual": last.actual,
        "status": "SOLVED" if solved else "OPEN",
        "decidedAt": now if solved else None,
        "count": len(some),
        "firstSeen": min(refusal.first for _, refusal in some),
        "lastSeen": max(refusal.last for _, refusal in some),
    }
