"""Runs the server's process on a leash: `python -m graphcdp.embedded.supervisor leash|keep COMMAND...`.

Prints the process id, then waits. On a leash, the end of standard input means
that whoever started us is gone, by whatever death: then the server is stopped.
"""

import subprocess
import sys
import threading

STOP_TIMEOUT_S = 60


def main() -> int:
    """Start the command, tell its process id, and keep the leash."""
    mode, *command = sys.argv[1:]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr)
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    if mode == "leash":
        threading.Thread(target=_hold, args=(server,), daemon=True).start()
    return server.wait()


def _hold(server: "subprocess.Popen[bytes]") -> None:
    sys.stdin.buffer.read()
    server.terminate()
    try:
        server.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main())
