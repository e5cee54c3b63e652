"""Traits of identifiers and customers out of what messages state, as fields of their lines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
import pyarrow as pa

from graphcdp.bulk.marks import MARKS, Shapes, quoted, split_natives
from graphcdp.bulk.parts import EPOCH, Shape
from graphcdp.embedded.admin import DELIMITER
from graphcdp.resolve.traits import Stamped, flattened, latest, search_text, stated, to_text, to_texts, visible

CUSTOMER_FIELDS = ("traits:string", "traitTimes:string", "searchText:string")
NO_TRAITS = DELIMITER.join(("{}", "{}", ""))


@dataclass(slots=True)
class CustomerTails:
    """Ends of customers' lines. shapes: with numbers of customers and texts; late: properties no file can hold."""

    shapes: list[tuple[Shape, Any, pa.Array]] = field(default_factory=list)
    late: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


@dataclass(slots=True)
class Stated:
    """identifiers: numbers, and the property `traits` of each."""

    identifiers: Any
    texts: pa.Array
    customers: CustomerTails


def traits_of(rows: pa.Table) -> Stated:
    """Traits by what messages state.

    rows: customer, identifier (numbers), at, id, source, traits of each message
    that states any, sorted by customer.
    """
    identifiers: list[int] = []
    texts: list[str] = []
    by_customer: list[tuple[int, dict[str, Stamped]]] = []
    columns = [rows.column(name).to_pylist() for name in ("customer", "identifier", "at", "id", "source", "traits")]
    for customer, group in groupby(zip(*columns, strict=True), itemgetter(0)):
        held: dict[int, dict[str, Stamped]] = {}
        for _, identifier, at, message, source, text in group:
            time = EPOCH.astimezone(UTC) + timedelta(microseconds=at)
            said = stated(orjson.loads(text), (), at=time, message=message, source=source)
            held[identifier] = latest(held[identifier], said) if identifier in held else said
        for identifier, traits in held.items():
            identifiers.append(identifier)
            texts.append(to_text(traits))
        by_customer.append((customer, latest(*held.values())))
    return Stated(pa.array(identifiers, pa.int64()), pa.array(texts, pa.large_string()), customer_tails(by_customer))


def customer_tails(traits_by_customer: Iterable[tuple[int, Mapping[str, Stamped]]]) -> CustomerTails:
    """The ends of the lines of customers who have traits."""
    tails = CustomerTails()
    shapes = Shapes()
    rows: list[tuple[int, str, dict[tuple[str, str], str], bool]] = []
    for customer, traits in traits_by_customer:
        values, origins = to_texts(traits)
        seen = visible(traits)
        search = search_text(seen)
        natives, late = split_natives(flattened(seen))
        if late:
            tails.late.append((customer, late))
        marked = any(MARKS.search(text) for text in (search, *natives.values()))
        shapes.place(natives)
        fixed = DELIMITER.join((values, origins, quoted(search) if search else ""))
        rows.append((customer, fixed, natives, marked))
    grouped: dict[tuple[int, bool], tuple[list[int], list[str]]] = {}
    for customer, fixed, natives, marked in rows:
        number = shapes.place(natives)
        numbers, texts = grouped.setdefault((number, marked), ([], []))
        numbers.append(customer)
        more = (quoted(natives[one]) if one in natives else "" for one in sorted(shapes.columns[number]))
        texts.append(DELIMITER.join((fixed, *more)))
    for (number, marked), (numbers, texts) in grouped.items():
        names = (f"{name}:{type_}" for name, type_ in sorted(shapes.columns[number]))
        shape = Shape("Customer", (*CUSTOMER_FIELDS, *names), marked)
        tails.shapes.append((shape, pa.array(numbers, pa.int64()), pa.array(texts, pa.large_string())))
    return tails
