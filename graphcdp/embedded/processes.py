"""Whether a process that was written down is still that very process."""

from dataclasses import dataclass

import psutil

_BEGAN_TOLERANCE_S = 2.0


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process. began_s: when it started, in seconds since the machine did.

    A pid alone is used again by the system. Seconds since the machine's start,
    unlike the time of day, stay the same when somebody sets the clock.
    """

    pid: int
    began_s: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """The process that has this pid now. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time() - psutil.boot_time())

    def is_alive(self, argument: str | None = None) -> bool:
        """Whether it still runs. argument: one that must be on its command line."""
        try:
            process = psutil.Process(self.pid)
            began_s = process.create_time() - psutil.boot_time()
            if abs(began_s - self.began_s) > _BEGAN_TOLERANCE_S or process.status() == psutil.STATUS_ZOMBIE:
                return False
            return argument is None or argument in process.cmdline()
        except psutil.AccessDenied:
            # Somebody else's, so it cannot be looked into; what cannot be ruled out is taken for alive.
            return True
        except psutil.NoSuchProcess:
            return False

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(kill=False)

    def kill(self) -> None:
        """End it at once."""
        self._signal(kill=True)

    def _signal(self, *, kill: bool) -> None:
        if not self.is_alive():
            return
        try:
            process = psutil.Process(self.pid)
            process.kill() if kill else process.terminate()
        except psutil.NoSuchProcess:
            return


def find_by_argument(argument: str) -> ProcessId | None:
    """A process with this argument on its command line, other than a supervisor of it."""
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        command = process.info["cmdline"] or []
        is_program = any(part.endswith("supervisor.py") for part in command[:6])
        if argument in command and not is_program and process.info["status"] != psutil.STATUS_ZOMBIE:
            try:
                return ProcessId.of(process.info["pid"])
            except psutil.NoSuchProcess:
                continue
    return None
