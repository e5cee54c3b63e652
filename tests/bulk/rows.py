"""Files with all that may stand in rows: plain rows, odd ones, bad ones, evidence that the rules refuse."""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

NASTY = [
    'a "q"',
    "x;y",
    "tab\there",
    "line\nbreak",
    "\x01\x02",
    "ü€😀",
    " ",
    "0",
    "=1+1",
    "back\\slash",
    "{brace}",
    "'",
]
START = datetime(2026, 1, 1, tzinfo=UTC)


def people(seed: int, count: int, rows: int) -> list[dict[str, Any]]:
    """Rows of people whose identifiers come together little by little, some against the rules."""
    chance = random.Random(seed)
    found = []
    for number in range(rows):
        who = chance.randrange(count)
        row: dict[str, Any] = {"n": number, "at": START + timedelta(seconds=chance.randrange(10_000_000))}
        if chance.random() < 0.5:
            row["user"] = f"u{who}"
        if chance.random() < 0.4:
            row["mail"] = chance.choice([f"p{who}@example.com", f"P{who}@Example.com ", f"p{who}@münchen.example.com"])
        if chance.random() < 0.1:
            row["phone"] = f"+8490123{who % 10_000:04}"
        if chance.random() < 0.6:
            # Some devices are shared by a few people.
            row["device"] = f"d{who if chance.random() < 0.95 else who // 4 + count}-{chance.randrange(3)}"
        if chance.random() < 0.02:
            row["mail"] = chance.choice(["no-mail", "null", "test@test.com"])
        if chance.random() < 0.02:
            row["device"] = "undefined"
        found.append(row)
    return found


def write_csv(path: Path, seed: int, rows: int) -> None:
    """Orders: `;` between fields, one row for each event; some rows bad."""
    chance = random.Random(seed)
    lines = ["no;customer;mail;device;when;total;paid;note;what;plan"]
    for row in people(seed, rows // 8, rows):
        total = chance.choice(["", "12", "12.50", "7e2", "0.1"])
        note = chance.choice(["", "", "plain", *NASTY]).replace('"', '""')
        if any(mark in note for mark in ';"\n'):
            note = f'"{note}"'
        fields = [
            f"o-{row['n'] if chance.random() < 0.98 else row['n'] // 2}",
            row.get("user", ""),
            row.get("mail", ""),
            row.get("device", ""),
            row["at"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            total if chance.random() < 0.99 else "many",
            chance.choice(["", "yes", "no"]),
            note,
            chance.choice(["Order Completed", "Order Completed", "Cart Viewed"]),
            chance.choice(["", "", "gold", "silver"]),
        ]
        lines.append(";".join(fields) if chance.random() < 0.99 else "only;three;fields")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


CSV_MAPPING = {
    "columns": {
        "id": "no",
        "user": "customer",
        "email": "mail",
        "device": "device",
        "at": "when",
        "name": "what",
        "properties.total:number": "total",
        "properties.pay.paid:boolean": "paid",
        "properties.pay.note": "note",
        "traits.plan": "plan",
        "properties.*": "*",
    },
    "constants": {"source": "shop", "properties.shop": "north"},
}


def write_jsonl(path: Path, seed: int, rows: int) -> None:
    """The tracking format, gzipped: events and identifies with nested and odd properties."""
    chance = random.Random(seed)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for row in people(seed + 1, rows // 8, rows):
            sent: dict[str, Any] = {"messageId": f"m{row['n']}", "timestamp": row["at"].isoformat()}
            if "user" in row:
                sent["userId"] = row["user"]
            if "device" in row:
                sent["anonymousId"] = row["device"]
            traits: dict[str, Any] = {}
            if "mail" in row:
                traits["email"] = row["mail"]
            if chance.random() < 0.3:
                traits |= {
                    "name": chance.choice(NASTY),
                    "age": chance.randrange(90),
                    "{x}": 1,
                    "tags": chance.choice([["a", "b"], [""], []]),
                    "address": {"city": chance.choice(["Hà Nội", "Ulm"]), "zip": None},
                }
                if chance.random() < 0.2:
                    traits["age"] = None
            if chance.random() < 0.4:
                sent |= {"type": "identify", "traits": traits}
            else:
                properties = {
                    "value": chance.choice([1, 1.5, "1", True, None, [1, 2], ["x\x1fy"], {"deep": {"er": [1, "a"]}}]),
                    chance.choice(["a:b", "{brace}", "plain", "Üx", 'q"uote']): chance.choice(NASTY),
                    "long": "x" * chance.choice([5, 1000, 1001]),
                }
                sent |= {"type": "track", "event": chance.choice(["Seen", "Clicked ", "odd\nname"])}
                sent |= {"properties": properties, "context": {"traits": traits, "locale": "vi"}}
            file.write(json.dumps(sent) + "\n" if chance.random() < 0.99 else "{broken\n")


def write_parquet(path: Path, seed: int, rows: int) -> None:
    """Visits: native types, columns within columns, no id, equal rows, several row groups."""
    chance = random.Random(seed)
    found = [
        {
            "client": {"mail": row.get("mail"), "device": row.get("device")},
            "user": None if "user" not in row else int(row["user"][1:]),
            "at": row["at"],
            "price": Decimal(chance.randrange(10_000)) / 100,
            "count": chance.choice([None, 1, 2]),
            "ratio": chance.choice([None, 0.5, float("nan"), 1e300]),
            "flag": chance.choice([None, True, False]),
            "words": chance.choice([None, [], ["a"], ["a", "b"]]),
            "day": row["at"].date(),
            "text": chance.choice([None, "", *NASTY]),
        }
        for row in people(seed + 2, rows // 8, rows)
    ]
    found += found[: rows // 10]
    pq.write_table(pa.Table.from_pylist(found), path, row_group_size=max(rows // 3, 1))


PARQUET_MAPPING = {
    "columns": {
        "user": "user",
        "email": "client.mail",
        "device": "client.device",
        "at": "at",
        "properties.*": "*",
    },
    "constants": {"name": "Visited"},
}
