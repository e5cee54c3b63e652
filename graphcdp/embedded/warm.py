"""Makes the archive of loaded classes, in a process of its own.

Starts a server on a folder that is thrown away, stops it, and lets Java write
down what it had loaded. That takes half a minute of one core, so it is done
once for each cache, in the background and at the lowest priority, after the
first server was stopped: never while somebody waits for the first start.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from graphcdp.embedded.artifacts import load_lock
from graphcdp.embedded.folder import USER, DataFolder
from graphcdp.embedded.java import clean_environment, server_command, supervisor_command
from graphcdp.embedded.ports import free_port
from graphcdp.embedded.probe import Answer, ask

_HEAP_MAX = "512m"
_READY_TIMEOUT_S = 300
_WRITE_TIMEOUT_S = 300


def begin(archive: Path) -> None:
    """Have the archive made in the background, if there is none; failing leaves things as they are."""
    if archive.exists():
        return
    command = [sys.executable, "-P", "-c", "from graphcdp.embedded.warm import main; main()", str(archive)]
    with suppress(OSError):
        subprocess.run(
            supervisor_command("free", command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )


def make(archive: Path) -> bool:
    """Make the archive; False when it is there, is being made by another process, or could not be made."""
    try:
        with FileLock(archive.with_suffix(".lock"), timeout=0):
            if archive.exists():
                return False
            with tempfile.TemporaryDirectory(prefix="graphcdp-warm-") as name:
                made = _train(DataFolder.at(Path(name)), archive)
                if made is not None:
                    made.replace(archive)
                return made is not None
    except Timeout:
        return False


def _train(folder: DataFolder, archive: Path) -> Path | None:
    """Start a server, wait, stop it; the file that Java wrote, beside the archive-to-be."""
    part = archive.with_suffix(".part")
    part.unlink(missing_ok=True)
    jars = [archive.parent / jar.filename for jar in load_lock().jars]
    port = free_port(None)
    folder.make()
    folder.ensure_password()
    folder.write_configuration(port, "8m", _HEAP_MAX)
    command = server_command(folder, jars, _HEAP_MAX, [f"-XX:AOTCacheOutput={part}"])
    with folder.output.open("wb") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=clean_environment()
        )
    try:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while ask(port, USER, folder.password()) is not Answer.READY:
            if server.poll() is not None or time.monotonic() > deadline:
                return None
            time.sleep(0.5)
        server.terminate()
        server.wait(_WRITE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return None
    finally:
        server.kill()
        server.wait()
    return part if part.is_file() else None


def main() -> None:
    """Make the archive named on the command line, out of everybody's way."""
    if hasattr(os, "nice"):
        os.nice(19)
    make(Path(sys.argv[1]))
