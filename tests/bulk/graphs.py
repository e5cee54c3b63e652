"""A graph in a form that two loads of the same rows share: ids that were made and times of recording left out."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from graphcdp.bulk.parts import Late
from graphcdp.embedded.admin import ARRAY_DELIMITER, DELIMITER, QUOTE, ImportFiles
from graphcdp.model.statement import Statement
from graphcdp.store import Store

LEFT_OUT = frozenset(("createdAt", "keptBy", "updatedAt", "receivedAt", "decidedAt", "endedAt", "since"))
MADE = ("cus_", "idn_", "lnk_", "cfl_", "rej_", "seg_", "job_")
HISTORY = ("MergedCustomer", "Merge", "PastId")

_NODES = Statement(
    """
    MATCH (n)
    WHERE NOT n:Migration|MergedCustomer|Merge|PastId|RuleSet|RulesInForce|Source|Feed|ChangePage|SegmentEdition
    RETURN labels(n) AS labels, properties(n) AS properties,
           COLLECT { MATCH (n)<-[:IDENTIFIES]-(i) RETURN i.key } AS keys
    """
)
_RELATIONSHIPS = Statement(
    """
    MATCH (a)-[r]->(b)
    WHERE NOT b:MergedCustomer AND NOT a:MergedCustomer AND NOT type(r) IN ['IDENTIFIED', 'OF']
    RETURN type(r) AS type, properties(r) AS properties, coalesce(a.key, a.id) AS start, coalesce(b.key, b.id) AS end,
           COLLECT { MATCH (a)<-[:IDENTIFIES]-(i) RETURN i.key } AS startKeys,
           COLLECT { MATCH (b)<-[:IDENTIFIES]-(i) RETURN i.key } AS endKeys
    """
)


COUNTED = ("messages", "events", "duplicates", "rejected", "limited", "violations")


async def sources(store: Store) -> dict[str, list[int]]:
    """What is counted of each source."""
    rows = await store.read_generated(Statement("MATCH (s:Source) RETURN properties(s) AS s"))
    return {row["s"]["name"]: [row["s"][name] for name in COUNTED] for row in rows}


async def dump(store: Store) -> list[str]:
    """Each node and each relationship as a line, in order. A customer is called by its identifiers."""
    lines = [
        f"{sorted(row['labels'])} {sorted(row['keys'])} {_told(row['properties'])}"
        for row in await store.read_generated(_NODES)
    ]
    for row in await store.read_generated(_RELATIONSHIPS):
        start = sorted(row["startKeys"]) or row["start"]
        end = sorted(row["endKeys"]) or row["end"]
        lines.append(f"{row['type']} {start} -> {end} {_told(row['properties'])}")
    return sorted(lines)


def _told(properties: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (name, type(value).__name__, str(value))
        for name, value in sorted(properties.items())
        if name not in LEFT_OUT and not str(value).startswith(MADE)
    ]


def dump_files(files: ImportFiles, late: Sequence[Late]) -> list[str]:
    """The same of a graph that lies in import files, so that many can be looked at without a database for each.

    late: what is set when the database runs.
    """
    more: dict[tuple[str, str], dict[str, Any]] = {}
    for one in late:
        more.setdefault((one.label, one.id), {}).update(one.properties)
    nodes: dict[str, tuple[list[str], dict[str, Any]]] = {}
    for labels, paths in files.nodes.items():
        for path in paths:
            for row in _rows(path):
                number = row.pop(":ID")
                assert number not in nodes
                row |= more.get((labels.partition(":")[0], row.get("id", "")), {})
                nodes[number] = (labels.split(":"), row)
    edges = []
    for type_, paths in files.relationships.items():
        for path in paths:
            edges += [(type_, row.pop(":START_ID"), row.pop(":END_ID"), row) for row in _rows(path)]
    keys: dict[str, list[str]] = {}
    for type_, start, end, _ in edges:
        if type_ == "IDENTIFIES":
            keys.setdefault(end, []).append(nodes[start][1]["key"])
    lines = [f"{sorted(labels)} {sorted(keys.get(n, []))} {_told(row)}" for n, (labels, row) in nodes.items()]
    for type_, start, end, row in edges:
        names = [
            sorted(keys.get(number, [])) or nodes[number][1].get("key", nodes[number][1].get("id"))
            for number in (start, end)
        ]
        lines.append(f"{type_} {names[0]} -> {names[1]} {_told(row)}")
    return sorted(lines)


_READ: dict[str, Any] = {
    "string": str,
    "long": int,
    "double": float,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "datetime": datetime.fromisoformat,
}


def _rows(path: Path) -> list[dict[str, Any]]:
    header, *records = _fields(path.read_bytes().decode())
    assert len(header) == len(set(header))
    found = []
    for record in records:
        assert len(record) == len(header)
        row: dict[str, Any] = {}
        for name, text in zip(header, record, strict=True):
            if text is None:
                continue
            if name.startswith(":"):
                row[name] = text
                continue
            key, _, type_ = name.rpartition(":")
            read = _READ[type_.removesuffix("[]")]
            row[key] = [read(item) for item in text.split(ARRAY_DELIMITER)] if type_.endswith("[]") else read(text)
        found.append(row)
    return found


def _fields(text: str) -> list[list[str | None]]:
    """Records of a file: fields, None for an empty one."""
    records: list[list[str | None]] = []
    record: list[str | None] = []
    for match in re.finditer(
        f"(?:{QUOTE}((?:[^{QUOTE}]|{QUOTE}{QUOTE})*){QUOTE}|([^{DELIMITER}\n{QUOTE}]*))({DELIMITER}|\n)", text
    ):
        quoted, plain, end = match.groups()
        record.append(quoted.replace(QUOTE * 2, QUOTE) if quoted is not None else plain or None)
        if end == "\n":
            records.append(record)
            record = []
    return records
