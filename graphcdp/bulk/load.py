"""A first load: files -> a new database, in the place of an empty one."""

import multiprocessing
import os
import shutil
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from graphcdp.bulk.chunks import (
    REMEMBERED_MAX,
    BrokenPieceError,
    Given,
    plan_of,
    prepare_process,
    read_chunk,
    read_rows,
    tasks,
)
from graphcdp.bulk.graph import Counted, GraphFiles
from graphcdp.bulk.identity import Partition, components, contested, crowded, numbered
from graphcdp.bulk.lines import LineFiles
from graphcdp.bulk.messages import Keys, Messages, gather
from graphcdp.bulk.others import conflicts, rejected, write_others
from graphcdp.bulk.parts import Chunk, Late, Refused
from graphcdp.bulk.replay import Replay
from graphcdp.embedded import admin
from graphcdp.embedded.folder import DataFolder
from graphcdp.model.errors import GraphCDPError
from graphcdp.model.problems import ProblemCode
from graphcdp.record.files import RowFile
from graphcdp.record.rejections import rejection_hash
from graphcdp.record.sources import Tally
from graphcdp.resolve.clean import Cleaner
from graphcdp.resolve.limits import NO_LIMITS, CustomerLimits
from graphcdp.resolve.rules import IdentityRules

ROWS_AT_ONCE = 50_000
"""Of a file that is read in one go, in one chunk."""
PROCESSES_MAX = 8

KeptNode = tuple[str, Mapping[str, Any]]
"""Labels, joined with colons, and properties of a node that was there before."""


@dataclass(slots=True)
class BulkReport:
    """What became of the rows. read_s, graph_s, import_s: how long the steps took; import_bytes: memory of Neo4j's."""

    read: int = 0
    refused: int = 0
    duplicates: int = 0
    warnings: Counter[ProblemCode] = field(default_factory=Counter)
    first_warnings: dict[ProblemCode, str] = field(default_factory=dict)
    counted: Counted | None = None
    contested: int = 0  # customers whose messages were decided one by one
    late: list[Late] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)  # by source
    read_s: float = 0.0
    graph_s: float = 0.0
    import_s: float = 0.0
    import_bytes: int = 0


@dataclass(frozen=True, slots=True)
class BulkInput:
    """What to load.

    open_file: opens a file of `paths`, fitted to its mapping. kept: nodes to carry
    over. now: the time of recording. limits: on one customer. plan: file of the tracking plan.
    """

    paths: Sequence[Path]
    open_file: Callable[[Path], RowFile]
    source: str | None
    delimiter: str | None
    rules: IdentityRules
    kept: Sequence[KeptNode]
    now: datetime
    limits: CustomerLimits = NO_LIMITS
    plan: Path | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """on_rows: told of a file, how much of its bytes and how many rows in all are read. on_step: of what comes next.

    on_refused: of each row that is refused, in the file's order. on_import: of the share that Neo4j has done.
    """

    on_rows: Callable[[Path, int, int], None] = lambda path, position, rows: None
    on_refused: Callable[[Path, Refused], None] = lambda path, refused: None
    on_step: Callable[[str], None] = lambda step: None
    on_import: Callable[[float], None] = lambda share: None


def load(
    folder: DataFolder, work: Path, jars: Sequence[Path], given: BulkInput, *, heap_max: str, watch: Watch
) -> BulkReport:
    """Read the files, work out who is who, and let Neo4j make a database of it in the folder's.

    The caller holds the folder and is within `admin.clean_work`, which gave `work`.
    Raises GraphCDPError; then nothing has changed.
    """
    report, import_files = prepare(work, given, watch)
    started = time.monotonic()
    watch.on_step("Neo4j imports")
    report.import_bytes = admin.import_full(folder, jars, import_files, heap_max=heap_max, on_progress=watch.on_import)
    report.import_s = time.monotonic() - started
    return report


def prepare(work: Path, given: BulkInput, watch: Watch) -> tuple[BulkReport, admin.ImportFiles]:
    """Read the files, work out who is who, and write what Neo4j is to import into the folder `work`."""
    report = BulkReport()
    parts, files = work / "parts", work / "files"
    parts.mkdir()
    files.mkdir()
    shared = Given(given.rules, given.now, parts, given.source, given.delimiter, given.plan)
    processes = min(os.cpu_count() or 1, PROCESSES_MAX)
    context = multiprocessing.get_context("spawn")
    started = time.monotonic()
    try:
        with ProcessPoolExecutor(processes, context, prepare_process, (shared,)) as pool:
            chunks, refused = _read(pool, shared, given, processes, report, watch)
            report.read_s = time.monotonic() - started
            watch.on_step("Working out who is who")
            import_files = _graph(pool, files, chunks, refused, given, report)
    except BrokenProcessPool as error:
        raise GraphCDPError(
            "A process that read the files was ended from outside, for want of memory perhaps."
        ) from error
    report.graph_s = time.monotonic() - started - report.read_s
    shutil.rmtree(parts)
    return report, import_files


def _read(
    pool: ProcessPoolExecutor, shared: Given, given: BulkInput, processes: int, report: BulkReport, watch: Watch
) -> tuple[list[Chunk], list[dict[str, Any]]]:
    """All chunks, in order, and what the graph keeps of refused messages."""
    chunks: list[Chunk] = []
    kept: list[dict[str, Any]] = []
    for path in given.paths:
        found: list[Chunk] = []
        try:
            for chunk, position in _chunks(pool, given.open_file(path), len(chunks), processes):
                found.append(chunk)
                watch.on_rows(path, position, report.read + sum(one.rows for one in found))
        except (BrokenPieceError, EOFError, OSError, zlib.error):
            # Pieces do not end where rows do, or the file breaks off: read it from the start, row by row.
            found = []
            for chunk, position in _chunks_by_row(given.open_file(path), len(chunks), shared):
                found.append(chunk)
                watch.on_rows(path, position, report.read + sum(one.rows for one in found))
        again: Counter[str] = Counter()
        for chunk in found:
            report.read += chunk.rows
            report.refused += len(chunk.refused)
            report.warnings.update(chunk.warnings)
            report.first_warnings = chunk.first_warnings | report.first_warnings
            report.late += chunk.late
            for refused in chunk.refused:
                watch.on_refused(path, refused)
                if refused.kept is not None:
                    tally = report.tallies.setdefault(refused.kept["source"], Tally())
                    tally.messages += 1
                    tally.rejected += 1
                    tally.violations += refused.violates
                    tally.latest = tally.latest or orjson.loads(refused.kept["json"])
                    kept.append(_numbered(refused.kept, again) if refused.made_id else refused.kept)
        chunks += found
    return chunks, kept


def _numbered(kept: dict[str, Any], again: Counter[str]) -> dict[str, Any]:
    """What is kept of a refused message, with the id that its row gets by how many of its file said the same before."""
    made: str = kept["messageId"]
    again[made] += 1
    if again[made] == 1:
        return kept
    numbered = f"{made}-{again[made]}"
    json = kept["json"].replace(f'"{made}"', f'"{numbered}"')
    return {**kept, "messageId": numbered, "json": json, "hash": rejection_hash(numbered, json)}


def _chunks(pool: ProcessPoolExecutor, file: RowFile, first: int, processes: int) -> Iterator[tuple[Chunk, int]]:
    """The chunks of a file, in order, read by the pool; with the position in the file."""
    waiting: deque[tuple[Future[Chunk], int]] = deque()
    with file:
        try:
            for task in tasks(file, first):
                waiting.append((pool.submit(read_chunk, task), task.end_bytes))
                if len(waiting) > 2 * processes:
                    future, position = waiting.popleft()
                    yield future.result(), position
            while waiting:
                future, position = waiting.popleft()
                yield future.result(), position
        finally:
            for future, _ in waiting:
                future.cancel()


def _chunks_by_row(file: RowFile, first: int, shared: Given) -> Iterator[tuple[Chunk, int]]:
    cleaner, plan = Cleaner(shared.rules, REMEMBERED_MAX), plan_of(shared)
    file.numbers_equal_rows = False
    with file:
        rows = file.rows()
        number = first
        while some := list(islice(rows, ROWS_AT_ONCE)):
            yield read_rows(iter(some), number, file.path, shared, cleaner, plan), file.position_bytes
            number += 1


def _graph(
    pool: ProcessPoolExecutor,
    folder: Path,
    chunks: Sequence[Chunk],
    refused: Sequence[Mapping[str, Any]],
    given: BulkInput,
    report: BulkReport,
) -> admin.ImportFiles:
    keys, messages = gather(chunks, given.rules)
    label = components(keys, messages)
    which = contested(keys, messages, label, given.rules, given.limits)
    traits_max = given.limits.traits_max
    if traits_max is not None and len(set().union(*(chunk.trait_names for chunk in chunks))) > traits_max:
        which |= crowded(messages, label, traits_max)
    partition, own = _partition(keys, messages, label, which, given, report)
    files = LineFiles(folder)
    graph = GraphFiles(files, keys, messages, partition, given.now, own)
    report.counted = graph.write(pool)
    report.duplicates = len(messages) - int(messages.kept.sum())
    _tally(report.tallies, chunks, messages)
    report.late = [*_recorded(report.late, messages), *graph.late]
    others = [
        *conflicts(partition.decided, given.now),
        *rejected(refused, given.now),
        *given.kept,
    ]
    write_others(files, graph.next_node, others)
    return files.named()


def _tally(tallies: dict[str, Tally], chunks: Sequence[Chunk], messages: Messages) -> None:
    """Count what came from each source, as the recorder does."""
    violating = np.isin(messages.ordinal, [ordinal for chunk in chunks for ordinal in chunk.violating])
    for number, source in enumerate(messages.sources):
        own = messages.source == number
        tally = tallies.setdefault(source, Tally())
        tally.messages += int(own.sum())
        tally.events += int((own & messages.kept & (messages.type == 0)).sum())
        tally.duplicates += int((own & ~messages.kept).sum())
        tally.violations += int((own & messages.kept & violating).sum())
        latest = [chunk.latest[source] for chunk in chunks if source in chunk.latest]
        if latest:
            tally.latest = max(latest, key=lambda one: one[0])[1]


def _recorded(late: Sequence[Late], messages: Messages) -> Iterator[Late]:
    """What is to be set on messages that are recorded, by their whole ids."""
    if not late:
        return
    order = np.argsort(messages.ordinal)
    ordinals = np.array([one.ordinal for one in late], np.int64)
    found = order[np.searchsorted(messages.ordinal, ordinals, sorter=order)]
    for one, place in zip(late, found.tolist(), strict=True):
        if messages.kept[place]:
            yield replace(one, id=messages.id[place].as_py())


def _partition(
    keys: Keys, messages: Messages, label: Any, which: Any, given: BulkInput, report: BulkReport
) -> tuple[Partition, Any]:
    """Who is who, and which identifiers' evidence was decided message by message."""
    replay = Replay(keys, messages, given.rules, given.limits, given.now)
    own = which[label] if len(label) else np.zeros(0, bool)
    owner = label.astype(np.int64)
    if which.any():
        owner = replay.run(label, which)
    customer, customers = numbered(owner, keys, messages)
    decided = replay.decided
    # Numbers of owners that replaying gave, as they are now.
    final = {int(before): int(after) for before, after in zip(owner[own], customer[own], strict=True)}
    decided.facts = {final[number]: facts for number, facts in decided.facts.items()}
    report.contested = len(set(final.values()) - {-1})
    report.warnings += decided.warnings
    return Partition(customer, customers, decided), own
