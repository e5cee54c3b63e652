"""Keys, messages and their partition -> files of nodes and relationships, as the recorder would have written them."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcdp.bulk.identity import NOBODY, Partition
from graphcdp.bulk.lines import BulkIds, LineFiles, as_text, quoted_text, time_fields
from graphcdp.bulk.messages import Keys, Messages
from graphcdp.bulk.parts import Late, Shape, microseconds, read_table, time_field
from graphcdp.bulk.traits import CUSTOMER_FIELDS, NO_TRAITS, CustomerTails, Stated, customer_tails, traits_of
from graphcdp.embedded.admin import ARRAY_DELIMITER
from graphcdp.model.identifiers import LABEL_BY_KIND
from graphcdp.model.ids import Tag
from graphcdp.resolve.facts import LinkFacts
from graphcdp.resolve.traits import COUNT_PREFIX, to_text

_FAR = np.iinfo(np.int64).max
_TRAITS_AT_ONCE = 20_000
_LINES_AT_ONCE = 200_000
_MESSAGE_FIELDS = (":ID", "id:string", "subject:string", "identifiers:string[]")
_IDENTIFIER_FIELDS = (
    ":ID", "key:string", "id:string", "kind:string", "value:string", "sources:string[]", "traits:string",
    "firstSeen:datetime", "lastSeen:datetime", "firstEventAt:datetime", "lastEventAt:datetime",
)  # fmt: skip
_LINK_FIELDS = (
    ":START_ID", ":END_ID", "id:string", "count:long", "source:string", "event:string",
    "firstSeen:datetime", "lastSeen:datetime", "endedAt:datetime", "endedBy:string",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """What the graph holds."""

    customers: int
    identifiers: int
    events: int
    statements: int
    links: int


class GraphFiles:
    """Writes one graph. Node ids: identifiers first, then customers, then messages, then what else there is."""

    def __init__(
        self, files: LineFiles, keys: Keys, messages: Messages, partition: Partition, now: datetime, contested: Any
    ) -> None:
        """contested: which identifiers' links come from the partition's `decided`, not from the messages."""
        self._files = files
        self._keys = keys
        self._messages = messages
        self._partition = partition
        self._now = now
        self._ids = BulkIds(now)
        self._contested = contested
        there = partition.customer != NOBODY
        self._there = np.flatnonzero(there)
        self._node = np.cumsum(there, dtype=np.int64) - 1
        self._customer_node = len(self._there)
        self._message_node = self._customer_node + partition.customers
        self._kept_before = np.concatenate([[0], np.cumsum(messages.kept)])
        self.next_node = self._message_node + int(self._kept_before[-1])
        self.late: list[Late] = []

    def write(self, executor: Executor) -> Counted:
        """Write all files. executor: processes for what is worked out in Python."""
        # The processes work on traits while this one writes.
        found = executor.map(traits_of, self._stating_slices())
        with ThreadPoolExecutor(2) as threads:
            counts = list(threads.map(self._write_part, range(len(self._messages.parts))))
        links = self._write_links()
        stated = self._stated(found)
        first, last = self._write_identifiers(stated)
        self._write_customers(stated, first, last)
        messages = self._messages
        events = sum(count for label, count in counts if label == "Event")
        return Counted(self._partition.customers, len(self._there), events, int(messages.kept.sum()) - events, links)

    # -- messages

    def _write_part(self, number: int) -> tuple[str, int]:
        messages = self._messages
        shape, path, first = messages.parts[number]
        table = read_table(path, ["tail"])
        last = first + table.num_rows
        kept = messages.kept[first:last]
        rows = np.flatnonzero(kept)
        label = shape.labels.partition(":")[0]
        if not len(rows):
            return label, 0
        nodes = self._message_node + self._kept_before[first] + np.arange(len(rows))
        subjects = messages.named[messages.start[first:last]][rows]
        start, named = messages.start[first : last + 1], messages.named[messages.start[first] : messages.start[last]]
        lists = pa.ListArray.from_arrays(
            pa.array((start - start[0]).astype(np.int32)), self._keys.text.take(pa.array(named))
        )
        ids = messages.id.slice(first, table.num_rows).combine_chunks()
        tail = table.column("tail").combine_chunks()
        if len(rows) < table.num_rows:
            chosen = pa.array(rows)
            lists, ids, tail = lists.take(chosen), ids.take(chosen), tail.take(chosen)
        if shape.multiline:
            ids, _ = quoted_text(ids)
        columns = [
            pa.array(nodes),
            ids,
            self._keys.text.take(pa.array(subjects)),
            pc.binary_join(lists, ARRAY_DELIMITER),
            tail,
        ]
        self._files.write_nodes(Shape(shape.labels, (*_MESSAGE_FIELDS, *shape.fields), shape.multiline), columns)
        if label == "Event":
            ends = [pa.array(nodes), pa.array(self._node[subjects])]
            self._files.write_relationships("BY", (":START_ID", ":END_ID"), ends)
        return label, len(rows)

    # -- evidence

    def _write_links(self) -> int:
        messages, keys = self._messages, self._keys
        whose = messages.whose
        subject = messages.subject[whose]
        edge = messages.kept[whose] & (subject != messages.named) & ~self._contested[subject]
        pair = subject[edge].astype(np.int64) * len(keys) + messages.named[edge]
        whose = whose[edge]
        coded = pa.array(pair).dictionary_encode()
        pairs, code = coded.dictionary.to_numpy(), coded.indices.to_numpy()
        count = np.bincount(code, minlength=len(pairs))
        first, last = np.full(len(pairs), _FAR), np.full(len(pairs), -_FAR)
        begun = np.full(len(pairs), _FAR)
        np.minimum.at(first, code, messages.at[whose])
        np.maximum.at(last, code, messages.at[whose])
        np.minimum.at(begun, code, messages.ordinal[whose])
        at_first = messages.ordinal[whose] == begun[code]
        message = np.empty(len(pairs), np.int64)
        message[code[at_first]] = whose[at_first]
        one, other = pairs // max(len(keys), 1), pairs % max(len(keys), 1)
        smaller = pc.less(keys.text.take(pa.array(one)), keys.text.take(pa.array(other)))
        smaller = smaller.to_numpy(zero_copy_only=False)
        for start in range(0, len(pairs), _LINES_AT_ONCE):
            part = slice(start, start + _LINES_AT_ONCE)
            begin, end = (
                np.where(smaller[part], one[part], other[part]),
                np.where(smaller[part], other[part], one[part]),
            )
            rows = len(begin)
            self._link_lines(
                begin,
                end,
                count[part],
                pa.array(messages.sources).take(pa.array(messages.source[message[part]])),
                messages.id.take(pa.array(message[part])).combine_chunks(),
                [time_fields(first[part]), time_fields(last[part]), pa.nulls(rows), pa.nulls(rows)],
            )
        self._write_decided(self._partition.decided.links)
        return len(pairs) + len(self._partition.decided.links)

    def _write_decided(self, links: Sequence[LinkFacts]) -> None:
        if not links:
            return
        number = _numbers(self._keys, [key for link in links for key in link.between])
        for start in range(0, len(links), _LINES_AT_ONCE):
            some = links[start : start + _LINES_AT_ONCE]
            ended = [None if link.ended_at is None else time_field(link.ended_at) for link in some]
            self._link_lines(
                np.array([number[link.between[0]] for link in some]),
                np.array([number[link.between[1]] for link in some]),
                np.array([link.count for link in some]),
                pa.array([link.source for link in some], pa.string()),
                pa.array([link.event for link in some], pa.string()),
                [
                    pa.array([time_field(link.first_seen) for link in some]),
                    pa.array([time_field(link.last_seen) for link in some]),
                    pa.array(ended, pa.string()),
                    pa.array([link.ended_by for link in some], pa.string()),
                ],
            )

    def _link_lines(
        self, begin: Any, end: Any, count: Any, source: pa.Array, event: pa.Array, times: list[pa.Array]
    ) -> None:
        ids = self._ids.take(Tag.LINK, len(begin))
        source, _ = quoted_text(source)
        event, _ = quoted_text(event)
        columns = [pa.array(self._node[begin]), pa.array(self._node[end]), ids, pa.array(count), source, event, *times]
        self._files.write_relationships("LINKED", _LINK_FIELDS, columns)

    # -- identifiers

    def _write_identifiers(self, stated: "_Stated") -> tuple[Any, Any]:
        """Write identifiers and whose they are; when each was seen first and last."""
        messages, keys = self._messages, self._keys
        whose = messages.whose
        kept = messages.kept[whose]
        whose, named = whose[kept], messages.named[kept]
        at = messages.at[whose]
        first, last = np.full(len(keys), _FAR), np.full(len(keys), -_FAR)
        np.minimum.at(first, named, at)
        np.maximum.at(last, named, at)
        event = messages.kept & (messages.type == 0)
        first_event, last_event = np.full(len(keys), _FAR), np.full(len(keys), -_FAR)
        np.minimum.at(first_event, messages.subject[event], messages.at[event])
        np.maximum.at(last_event, messages.subject[event], messages.at[event])
        sources = self._sources(whose, named)
        since = time_field(self._now)
        for kind, name in enumerate(keys.kinds):
            own = self._there[keys.kind[self._there] == kind]
            labels = f"Identifier:{LABEL_BY_KIND[name]}" if name in LABEL_BY_KIND else "Identifier"
            for start in range(0, len(own), _LINES_AT_ONCE):
                some = own[start : start + _LINES_AT_ONCE]
                text = keys.text.take(pa.array(some))
                has_event = first_event[some] != _FAR
                columns = [
                    pa.array(self._node[some]),
                    text,
                    self._ids.take(Tag.IDENTIFIER, len(some)),
                    pa.repeat(pa.scalar(name), len(some)),
                    pc.utf8_slice_codeunits(text, len(name) + 1),
                    sources.take(pa.array(some)),
                    stated.of_identifiers(some),
                    time_fields(first[some]),
                    time_fields(last[some]),
                    time_fields(first_event[some], has_event),
                    time_fields(last_event[some], has_event),
                ]
                self._files.write_nodes(Shape(labels, _IDENTIFIER_FIELDS), columns)
                ends = [pa.array(self._node[some]), pa.array(self._customer_node + self._partition.customer[some])]
                times = pa.repeat(pa.scalar(since), len(some))
                self._files.write_relationships(
                    "IDENTIFIES", (":START_ID", ":END_ID", "since:datetime"), [*ends, times]
                )
        return first, last

    def _sources(self, whose: Any, named: Any) -> pa.Array:
        """Who named each identifier, in the order of the first time, as fields."""
        messages, keys = self._messages, self._keys
        several = len(messages.sources)
        texts = pa.array(messages.sources, pa.string())
        if several == 1:
            return pa.repeat(texts[0], len(keys))
        coded = pa.array(named.astype(np.int64) * several + messages.source[whose]).dictionary_encode()
        pairs, code = coded.dictionary.to_numpy(), coded.indices.to_numpy()
        begun = np.full(len(pairs), _FAR)
        np.minimum.at(begun, code, messages.ordinal[whose])
        order = np.lexsort((begun, pairs // several))
        counts = np.bincount(pairs // several, minlength=len(keys))
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
        lists = pa.ListArray.from_arrays(offsets, texts.take(pa.array((pairs % several)[order])))
        return pc.binary_join(lists, ARRAY_DELIMITER)

    # -- customers

    def _stated(self, found: Iterable[Stated]) -> "_Stated":
        """What messages state about traits."""
        stated = _Stated(len(self._keys))
        own = self._partition.decided.traits
        if own:
            stated.add(pa.array(list(own)), pa.array([to_text(one) for one in own.values()], pa.large_string()))
        for some in found:
            stated.add(some.identifiers, some.texts)
            stated.customers.append(some.customers)
        return stated

    def _stating_slices(self) -> Iterator[pa.Table]:
        """Rows for `traits_of`; all of a customer is in one slice."""
        parts = [rows for rows in self._stating() if len(rows)]
        if not parts:
            return
        rows = pa.concat_tables(parts).sort_by("customer")
        customer = rows.column("customer").to_numpy()
        start = 0
        while start < len(customer):
            end = min(start + _TRAITS_AT_ONCE, len(customer))
            end = int(np.searchsorted(customer, customer[end - 1], "right"))
            yield rows.slice(start, end - start).combine_chunks()
            start = end

    def _stating(self) -> Iterator[pa.Table]:
        messages = self._messages
        for _, path, first in messages.parts:
            table = read_table(path, ["traits", "at"])
            if "traits" not in table.column_names:
                continue
            traits = table.column("traits").combine_chunks()
            there = pc.is_valid(traits).to_numpy(zero_copy_only=False) & messages.kept[first : first + len(traits)]
            # What was decided message by message brings its own.
            there &= ~self._contested[messages.subject[first : first + len(traits)]]
            rows = np.flatnonzero(there)
            subject = messages.subject[first + rows]
            yield pa.table(
                {
                    "customer": self._partition.customer[subject],
                    "identifier": subject.astype(np.int64),
                    "at": messages.at[first + rows],
                    "id": messages.id.take(pa.array(first + rows)).combine_chunks().cast(pa.large_string()),
                    "source": pa.array(messages.sources).take(pa.array(messages.source[first + rows])),
                    "traits": traits.take(pa.array(rows)),
                }
            )

    def _write_customers(self, stated: "_Stated", first_by_identifier: Any, last_by_identifier: Any) -> None:
        partition, keys = self._partition, self._keys
        total, kinds = partition.customers, len(keys.kinds)
        owner = partition.customer[self._there]
        counts = np.bincount(owner * kinds + keys.kind[self._there], minlength=total * kinds).reshape(total, kinds)
        first, last = np.full(total, _FAR), np.full(total, -_FAR)
        np.minimum.at(first, owner, first_by_identifier[self._there])
        np.maximum.at(last, owner, last_by_identifier[self._there])
        tails = list(stated.customers)
        own = partition.decided.facts
        for number, facts in own.items():
            assert facts.first_seen is not None
            assert facts.last_seen is not None
            first[number], last[number] = microseconds(facts.first_seen), microseconds(facts.last_seen)
        if own:
            tails.append(customer_tails((number, facts.traits) for number, facts in own.items() if facts.traits))
        ids = self._ids.take(Tag.CUSTOMER, total)
        fields = (
            ":ID", "id:string", "createdAt:datetime", "updatedAt:datetime", "identifiers:long",
            *(f"{COUNT_PREFIX}{kind}:long" for kind in keys.kinds), "firstSeen:datetime", "lastSeen:datetime",
        )  # fmt: skip
        now = time_field(self._now)

        def write(shape: Shape, some: Any, tail: pa.Array) -> None:
            time = pa.repeat(pa.scalar(now), len(some))
            per_kind = [pa.array(counts[some, kind], mask=counts[some, kind] == 0) for kind in range(kinds)]
            columns = [
                pa.array(self._customer_node + some), ids.take(pa.array(some)), time, time,
                pa.array(counts[some].sum(axis=1)), *per_kind, time_fields(first[some]), time_fields(last[some]), tail,
            ]  # fmt: skip
            self._files.write_nodes(Shape("Customer", (*fields, *shape.fields), shape.multiline), columns)

        plain = np.ones(total, bool)
        for one in tails:
            for shape, numbers, texts in one.shapes:
                some = numbers.to_numpy()
                plain[some] = False
                write(shape, some, texts)
            self.late += [Late("Customer", ids[number].as_py(), values) for number, values in one.late]
        rest = np.flatnonzero(plain)
        for start in range(0, len(rest), _LINES_AT_ONCE):
            some = rest[start : start + _LINES_AT_ONCE]
            write(Shape("Customer", CUSTOMER_FIELDS), some, pa.repeat(pa.scalar(NO_TRAITS), len(some)))


class _Stated:
    """Traits of all identifiers, and the ends of customers' lines."""

    def __init__(self, identifiers: int) -> None:
        self._place = np.full(identifiers, -1, np.int64)
        self._texts: list[pa.Array] = []
        self._total = 0
        self.customers: list[CustomerTails] = []

    def add(self, identifiers: pa.Array, texts: pa.Array) -> None:
        """Traits of some identifiers."""
        self._place[identifiers.to_numpy()] = self._total + np.arange(len(texts))
        self._total += len(texts)
        self._texts.append(texts)

    def of_identifiers(self, some: Any) -> pa.Array:
        """The property `traits` of each; null for none."""
        if not self._texts:
            return pa.nulls(len(some), pa.large_string())
        place = self._place[some]
        return as_text(pa.chunked_array(self._texts).take(pa.array(place, mask=place < 0)))


def _numbers(keys: Keys, texts: Sequence[str]) -> dict[str, int]:
    """Numbers of keys."""
    distinct = pa.array(sorted(set(texts)), keys.text.type)
    found = pc.index_in(distinct, keys.text)
    return dict(zip(distinct.to_pylist(), found.to_pylist(), strict=True))
