"""Neo4j's own bulk import into a folder that no server uses, and putting its result in the database's place.

<data_dir>/bulk/            everything of an import on its way; removed when it ends
<data_dir>/bulk/home/data   the new database, until it is moved to <data_dir>/data
<data_dir>/bulk/whole       there once the new database is whole: from then on it is the one to use

Until `whole` is there the former database stands as it is; afterwards whoever
starts the server first ends what was begun, so a stop at any moment leaves one
or the other.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graphcdp.embedded.failures import Cause, reason
from graphcdp.embedded.folder import DataFolder, argument_file
from graphcdp.embedded.java import ADMIN, JAVA, clean_environment, java_options, megabytes, supervisor_command
from graphcdp.model.errors import EmbeddedError

DELIMITER, QUOTE, ARRAY_DELIMITER = "\x01", "\x02", "\x1f"
"""What stands between fields, around them where they hold such a mark themselves, and between items of a list."""

_HEAP_MIN_MB = 1024
_PARTS = ("databases", "transactions")
_DATABASE = "neo4j"
_STEP = re.compile(r"^\((\d)/(\d)\)")
_PERCENT = re.compile(r"^[. ]+(\d+)% ")
_PEAK = re.compile(r"^Peak memory usage: ([\d.]+)([KMGT]?)i?B", re.MULTILINE)
_FAILED = re.compile(r"Command Failed\n(.*?)(?:\n\n\s*\n|Full exception|\n-{10}|\Z)", re.DOTALL)
_UNIT = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, slots=True)
class ImportFiles:
    """CSV files with their header in the first line, in the marks above; ids of nodes are whole numbers from 0.

    nodes: files by their labels, joined with colons. relationships: by type.
    multiline: those of the files in which a field may hold a line break.
    """

    nodes: Mapping[str, Sequence[Path]]
    relationships: Mapping[str, Sequence[Path]]
    multiline: Sequence[Path] = ()


def work_folder(folder: DataFolder) -> Path:
    """Where an import keeps what is on its way."""
    return folder.path / "bulk"


@contextmanager
def clean_work(folder: DataFolder) -> Iterator[Path]:
    """The work folder, empty; removed in the end, whatever happens. The caller holds the folder's lock."""
    finish(folder)
    work = work_folder(folder)
    try:
        (work / "home" / "conf").mkdir(parents=True, mode=0o700)
        yield work
    finally:
        finish(folder)


def import_full(
    folder: DataFolder,
    jars: Sequence[Path],
    files: ImportFiles,
    *,
    heap_max: str,
    on_progress: Callable[[float], None] = lambda share: None,
) -> int:
    """Make a new database of the files and put it in the place of the folder's own; bytes of memory it took.

    The caller holds the folder's lock and is within `clean_work`. on_progress: told
    the share that is done, 0 to 1. Raises EmbeddedError; then nothing has changed.
    """
    work = work_folder(folder)
    home = work / "home"
    (home / "conf" / "neo4j.conf").write_text("db.tx_log.preallocate=false\n", encoding="utf-8")
    written = _run(home, _command(home, jars, files, heap_max), on_progress)
    mark = work / "whole"
    with mark.open("wb") as file:
        os.fsync(file.fileno())
    finish(folder)
    peak = _PEAK.search(written)
    return int(float(peak[1]) * _UNIT[peak[2]]) if peak else 0


def finish(folder: DataFolder) -> None:
    """End an import that was stopped: its database takes its place if it is whole; what else is left of it goes."""
    work = work_folder(folder)
    if (work / "whole").exists():
        for part in _PARTS:
            new, old = work / "home" / "data" / part / _DATABASE, folder.path / "data" / part / _DATABASE
            if new.exists():
                old.parent.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(old, ignore_errors=True)
                new.rename(old)
    shutil.rmtree(work, ignore_errors=True)


def _command(home: Path, jars: Sequence[Path], files: ImportFiles, heap_max: str) -> list[str]:
    arguments = home / "java.arguments"
    options = java_options(max(megabytes(heap_max), _HEAP_MIN_MB))
    classpath = os.pathsep.join(str(jar) for jar in jars)
    arguments.write_text(argument_file((*options, "-cp", classpath)), encoding="utf-8")
    command = [
        str(JAVA), f"@{arguments}", ADMIN, "database", "import", "full", _DATABASE,
        "--overwrite-destination", "--path-pattern-style=none", "--id-type=actual",
        f"--delimiter=U+{ord(DELIMITER):04X}", f"--quote=U+{ord(QUOTE):04X}",
        f"--array-delimiter=U+{ord(ARRAY_DELIMITER):04X}",
    ]  # fmt: skip
    # One option for each file: files of one option have one header, in the first of them.
    command += [f"--nodes={labels}={path}" for labels, paths in files.nodes.items() for path in paths]
    command += [f"--relationships={type_}={path}" for type_, paths in files.relationships.items() for path in paths]
    if files.multiline:
        command += ["--multiline-fields-format=v2", f"--multiline-fields={','.join(map(str, files.multiline))}"]
    return command


def _run(home: Path, command: Sequence[str], on_progress: Callable[[float], None]) -> str:
    """Run the command on a leash, follow what it says, and return that."""
    environment = clean_environment() | {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}
    holder = subprocess.Popen(
        supervisor_command("leash", command),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=home,
        env=environment,
        text=True,
        errors="replace",
    )
    assert holder.stdin is not None
    assert holder.stderr is not None
    lines: list[str] = []
    share = 0.0
    try:
        step, steps = 0, 4
        for line in holder.stderr:
            lines.append(line)
            if found := _STEP.match(line):
                step, steps = int(found[1]) - 1, int(found[2])
            elif found := _PERCENT.match(line):
                share = (step + int(found[1]) / 100) / steps
            on_progress(share)
    finally:
        # The end of its input is the end of the command too, when it has not ended by itself.
        holder.stdin.close()
        holder.wait()
        holder.stderr.close()
    written = "".join(lines)
    if holder.returncode != 0:
        raise EmbeddedError(f"Neo4j's import failed: {_why(written)}. The database is as it was.")
    return written


def _why(written: str) -> str:
    cause, phrase = reason(written)
    told = _FAILED.search(written)
    if told is None or cause is not Cause.OTHER or phrase not in written:
        return phrase
    return " ".join(told[1].split()).rstrip(".")[:500]
