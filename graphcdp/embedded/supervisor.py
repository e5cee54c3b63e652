"""Starts the server's process and, on a leash, ends it when its owner is gone.

Run as a file of its own, with the standard library alone, so that it is small
and starts at once:

    supervisor.py leash|free STOP_TIMEOUT_S COMMAND...

It prints the process id of COMMAND. Set free, that is all. On a leash it stays,
and takes either of two things as the owner's end, by whatever death: the end of
standard input, a pipe from the owner; or another parent, for a process forked
off the owner may keep that pipe open.
"""

import os
import signal
import subprocess
import sys
import threading

_LOOK_EVERY_S = 0.5


def main() -> int:
    """Start the command, tell its process id, and hold the leash if there is one."""
    mode, stop_timeout_s, *command = sys.argv[1:]
    owner = os.getppid()
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr)
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    if mode == "free":
        return 0
    owner_gone = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: owner_gone.set())
    threading.Thread(target=_wait_for_end_of_input, args=(owner_gone,), daemon=True).start()
    while server.poll() is None:
        if owner_gone.wait(_LOOK_EVERY_S) or os.getppid() != owner:
            return _end(server, float(stop_timeout_s))
    return server.returncode


def _wait_for_end_of_input(owner_gone: threading.Event) -> None:
    # Unbuffered: the thread must hold no lock of sys.stdin when the interpreter ends.
    while os.read(0, 4096):
        pass
    owner_gone.set()


def _end(server: "subprocess.Popen[bytes]", stop_timeout_s: float) -> int:
    server.terminate()
    try:
        return server.wait(stop_timeout_s)
    except subprocess.TimeoutExpired:
        # Nothing committed is lost: the database replays its log at the next start.
        server.kill()
        return server.wait()


if __name__ == "__main__":
    sys.exit(main())
