"""When what failed is tried again. Pure. Source: docs/webhooks.md, rules 11 to 13."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential, with full jitter: a wait by chance between 0 and a limit that grows with each failure.

    first_s: the limit after the first failure. factor: how it grows. max_s: where it stops. tries_max: then it
    is given up.
    """

    first_s: float = 5.0
    factor: float = 4.0
    max_s: float = 6 * 3600.0
    tries_max: int = 10

    def limit_s(self, failures: int) -> float:
        """The longest wait after so many failures, 1..."""
        return float(min(self.max_s, self.first_s * self.factor ** min(failures - 1, 50)))

    def wait_s(self, failures: int, chance: float, asked_s: float | None = None) -> float:
        """chance: 0..1. asked_s: what the other side asks for at least; up to `max_s` it is obeyed."""
        return max(chance * self.limit_s(failures), min(asked_s or 0.0, self.max_s))


DELIVERY = Backoff()
"""For one delivery: up to 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 6 h, 6 h, 6 h; then it is a dead letter."""

ENDPOINT = Backoff(first_s=1.0, factor=2.0, max_s=60.0)
"""For all of an endpoint that takes nothing: between two tries."""

BATCH = Backoff(first_s=1.0, factor=2.0, max_s=60.0)
"""For destinations that take batches: these are tried until they are taken."""
