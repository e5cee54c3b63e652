"""Generated customers: three groups that behave each in its own way, and some who do a bit of everything."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np

from graphcdp.insight.behaviour import WINDOWS_D, Activity, Behaviour
from graphcdp.insight.rules import Moment

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MOMENT = Moment(NOW)
GROUPS = ("shoppers", "readers", "askers")
NAMES = ("Order Completed", "Page Viewed", "Ticket Opened")


def behaviour(number: int, days_ago: dict[str, list[int]], **traits: str) -> Behaviour:
    """A customer who did these things so many days ago; an order brings 10."""
    activity = {
        name: Activity(
            len(ago),
            len(set(ago)),
            NOW - timedelta(days=max(ago), hours=1),
            NOW - timedelta(days=min(ago), hours=1),
            tuple(sum(day < window for day in ago) for window in WINDOWS_D),
            10.0 * len(ago) if name == NAMES[0] else 0.0,
        )
        for name, ago in days_ago.items()
        if ago
    }
    every = {day for ago in days_ago.values() for day in ago}
    seen = NOW - timedelta(days=max(every, default=400), hours=1)
    return Behaviour(f"cus_{number:05}", seen, NOW, activity, len(every), traits, {"user": 1}, frozenset(("web",)))


def planted(each: int = 50, seed: int = 1) -> tuple[list[Behaviour], list[str]]:
    """The customers and the group of each, "" for noise: so many of each group, and a fifth as many of noise."""
    random = np.random.default_rng(seed)
    found: list[Behaviour] = []
    groups: list[str] = []
    often = {"shoppers": (14, 1, 1), "readers": (1, 18, 1), "askers": (1, 1, 10), "": (2, 2, 2)}
    for group in [name for name in GROUPS for _ in range(each)] + [""] * (each // 5):
        counts = [int(random.poisson(mean)) for mean in often[group]]
        ago = {name: random.integers(0, 120, count).tolist() for name, count in zip(NAMES, counts, strict=True)}
        found.append(behaviour(len(found), ago, plan="pro" if group == "shoppers" else "free"))
        groups.append(group)
    return found, groups


def without_groups(size: int = 200, seed: int = 2) -> list[Behaviour]:
    """Customers of one kind, some of whom do more of everything."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(size):
        much = float(random.lognormal(0, 0.5))
        ago = {name: random.integers(0, 120, 1 + int(random.poisson(6 * much))).tolist() for name in NAMES}
        found.append(behaviour(number, ago))
    return found


def shares_of(groups: list[str], inside: np.ndarray) -> Counter[str]:
    """How many of each group are inside."""
    return Counter(group for group, one in zip(groups, inside, strict=True) if one)
