"""The planted customers as messages, so that a graph holds them."""

from datetime import timedelta

from graphcdp.model.messages import RawMessage
from tests.insight.population import NAMES, NOW, planted


def messages(each: int = 22) -> tuple[list[RawMessage], dict[str, str]]:
    """What the customers of `planted` did, and the group of each user."""
    behaviours, groups = planted(each)
    found: list[RawMessage] = []
    group_by_user = {}
    for number, (one, group) in enumerate(zip(behaviours, groups, strict=True)):
        user = f"{group or 'noise'}-{number}"
        group_by_user[user] = group
        found.append({"type": "identify", "identifiers": [("user", user)], "traits": dict(one.traits), "at": NOW})
        for name, activity in one.activity.items():
            span = max(1, (activity.last - activity.first).days)
            found += [
                {
                    "type": "track",
                    "name": name,
                    "at": activity.first + timedelta(days=span * place / activity.count),
                    "identifiers": [("user", user)],
                    "properties": {"total": 10.0} if name == NAMES[0] else {"path": "/"},
                    "source": "web",
                }
                for place in range(activity.count)
            ]
    return found, group_by_user
