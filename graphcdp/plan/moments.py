"""When time alone may change whether a customer meets a condition: the earliest such moment, as Cypher.

The moment is a lower bound: nothing changes before it, and what changes is seen
by evaluating the condition again at that moment. Parts of a condition that
cannot be foreseen are told by `is_foreseen`. Source: docs/segments.md, rules 4, 6 and 10.
"""

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from graphcdp.model.predicates import ANY_NAME, EventTest, Predicate, PropertyTest, Range
from graphcdp.model.statement import Statement
from graphcdp.model.times import months_and_span, reaching_back
from graphcdp.plan.where import TRAIT_PREFIX, event_condition, few_limits, time_in, when_time

NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""What lies behind it is not waited for."""

_EVENT_TIMES = """COLLECT {{
MATCH (c)<-[:IDENTIFIES]-(i) WHERE i.lastEventAt >= {since}
UNWIND COLLECT {{
  MATCH (e:Event) USING INDEX SEEK e:Event({index})
  WHERE e.subject = i.key AND {conditions}
  RETURN e.at ORDER BY {order} LIMIT {limit}
}} AS at
RETURN at ORDER BY at DESC LIMIT {limit}
}}"""
"""The times of the newest events, from the newest, at most `limit`; each identifier's in the index's order."""

_EXPIRY = """COLLECT {{
MATCH (c)<-[:IDENTIFIES]-(:Identifier)<-[:OF]-(k:Consent {{purpose: {purpose}}})
RETURN CASE WHEN k.granted AND k.expiresAt > {now} THEN k.expiresAt END AS ends
ORDER BY k.at DESC, k.granted, k.expiresAt LIMIT 1
}}[0]"""


def moment(predicate: Predicate, now: datetime, prefix: str = "moment") -> Statement | None:
    """The earliest moment after `now` at which time alone may change who meets the condition, as an expression on `c`.

    It is null for whom nothing is to come; None when that is so for everybody.
    Parts that cannot be foreseen are left out. prefix: as `condition`.
    """
    return _earliest(predicate, _Writer(now, prefix))


def moment_of_row(predicate: Predicate, now: datetime) -> Statement | None:
    """As `moment`, but the values are those of a map, the variable `rule`, which may be another one in each row."""
    return _earliest(predicate, _Writer(now, "moment", "rule."))


def _earliest(predicate: Predicate, writer: "_Writer") -> Statement | None:
    found = [text for node in _moved_by_time(predicate) for text in writer.moments(node) or ()]
    if not found:
        return None
    if len(found) == 1:
        return Statement(found[0], writer.parameters)
    earliest = "reduce(first = null, at IN [{}] | CASE WHEN first IS NULL OR at < first THEN at ELSE first END)"
    return Statement(earliest.format(", ".join(found)), writer.parameters)


def is_foreseen(predicate: Predicate) -> bool:
    """Whether `moment` leaves nothing out."""
    writer = _Writer(NEVER, "moment")
    return all(writer.moments(node) is not None for node in _moved_by_time(predicate))


def _moved_by_time(predicate: Predicate) -> Iterator[Predicate]:
    """The nodes without children whose truth depends on the time."""
    for _, node in predicate.walk():
        is_branch = node.all_of is not None or node.any_of is not None or node.negated is not None
        if not is_branch and node.depends_on_time:
            yield node


class _Writer:
    """Writes expressions and gathers their parameters."""

    def __init__(self, now: datetime, prefix: str, holder: str = "$") -> None:
        self._now = now
        self._prefix = prefix
        self._holder = holder
        self.parameters: dict[str, Any] = {}

    def moments(self, node: Predicate) -> list[str] | None:
        """Moments of a node that time moves, of which the earliest counts; None when they cannot be foreseen.

        The one place that says what can be: any other node is evaluated by the sweep.
        """
        if node.trait is not None:
            text = self._trait(node.trait)
            return None if text is None else [text]
        if node.did is not None and not any(test.is_.operator[0] in _RELATIVE for test in node.did.event.where or ()):
            return self._did(node.did)
        if node.consented is not None:
            return [_EXPIRY.format(purpose=self._put(node.consented), now=self._put(self._now))]
        if node.first_seen is not None:
            return [self._seen("c.firstSeen", node.first_seen)]
        if node.last_seen is not None:
            return [self._seen("c.lastSeen", node.last_seen)]
        return None

    def _put(self, value: Any) -> str:
        name = f"{self._prefix}_{len(self.parameters)}"
        self.parameters[name] = value
        return f"{self._holder}{name}"

    def _trait(self, test: PropertyTest) -> str | None:
        operator, duration = test.is_.operator
        if operator == "withinNext":
            return self._ahead(test, duration)
        value = f"c[{self._put(TRAIT_PREFIX + test.path)}]"
        crossing = self._crossing("at", duration)
        if operator == "withinLast":
            # It begins when a time that lies ahead has come.
            crossing = f"CASE WHEN at > {self._put(self._now)} AND at < {self._put(NEVER)} THEN at ELSE {crossing} END"
        return when_time(value, f"head([at IN [{time_in(value)}] | {crossing}])", "null")

    def _ahead(self, test: PropertyTest, duration: str) -> str | None:
        """Of `withinNext`: it begins when the duration reaches the time, and ends behind it."""
        months, span = months_and_span(duration)
        if months:
            return None
        value = f"c[{self._put(TRAIT_PREFIX + test.path)}]"
        seconds = self._put(span.days * 86_400 + span.seconds)
        now, reach, never = self._put(self._now), self._put(self._now + span), self._put(NEVER)
        begins = f"CASE WHEN {reach} < at < {never} THEN at - duration({{seconds: {seconds}}})"
        ends = f"WHEN {now} <= at < {never} THEN at + duration({{microseconds: 1}}) END"
        return when_time(value, f"head([at IN [{time_in(value)}] | {begins} {ends}])", "null")

    def _seen(self, time: str, during: Range) -> str:
        return f"head([at IN [{time}] | {self._crossing('at', during.within or '')}])"

    def _did(self, test: EventTest) -> list[str]:
        least, most = test.bounds
        during = test.during
        if (least == 0 and most is None) or during is None or during.within is None:
            return []
        times = self._event_times(test, *during.bounds(self._now), least if most is None else most + 1)
        # Time only lets events drop out. So the newest one but so many decides when there are too few, or no
        # longer too many.
        if most is None:
            at = f"times[{self._put(least - 1)}]"
        elif least == 0:
            at = f"times[{self._put(most)}]"
        else:
            enough = self._put(most)
            at = f"CASE WHEN size(times) > {enough} THEN times[{enough}] ELSE times[{self._put(least - 1)}] END"
        found = [f"head([times IN [{times}] | head([at IN [{at}] | {self._crossing('at', during.within)}])])"]
        months, span = months_and_span(during.within)
        twice = months and _counted_again(self._now, months)
        if twice:
            start, midnight = twice
            there = self._event_times(test, start - span, start + _DAY - span, 1)
            found.append(f"head([at IN {there} | {self._put(midnight)}])")
        return found

    def _event_times(self, test: EventTest, since: datetime | None, until: datetime | None, number: int) -> str:
        """The times of at least so many of the newest of these events."""
        any_name = test.event.name == ANY_NAME
        start = self._put(since)
        conditions = [] if any_name else [f"e.name = {self._put(test.event.name)}"]
        conditions += [f"e.at >= {start}"] + ([] if until is None else [f"e.at < {self._put(until)}"])
        prefix = f"{self._prefix}_{len(self.parameters)}_where"
        where = event_condition(test.event.where or (), self._now, prefix, self._holder)
        self.parameters |= where.parameters
        return _EVENT_TIMES.format(
            since=start,
            index="subject, at" if any_name else "subject, name, at",
            conditions=" AND ".join([*conditions, *([where.text] if test.event.where else [])]),
            order="e.subject DESC, e.at DESC" if any_name else "e.subject DESC, e.name DESC, e.at DESC",
            limit=few_limits(number),
        )

    def _crossing(self, at: str, duration: str) -> str:
        """The first moment after now at which the time `at` lies longer ago than the duration; null for none to come.

        The moment at which it lies exactly as long ago is not yet it.
        """
        months, span = months_and_span(duration)
        reach, never = self._put(reaching_back(self._now, duration)), self._put(NEVER)
        seconds = self._put(span.days * 86_400 + span.seconds)
        if not months:
            later = f"{at} + duration({{seconds: {seconds}, microseconds: 1}})"
            return f"CASE WHEN {reach} <= {at} < {never} THEN {later} END"
        now = self._put(self._now)
        shifted = f"{at} + duration({{seconds: {seconds}}})"
        # A day that the later month lacks is crossed when that month ends. And on the days after a short month's
        # last one the calendar reaches back to that last day again and again.
        ahead = (
            f"CASE WHEN ahead.day <> behind.day THEN datetime.truncate('month', ahead) + duration({{months: 1}}) "
            f"WHEN ahead <= {now} THEN datetime.truncate('day', {now}) "
            f"+ duration.between(datetime.truncate('day', behind), behind) + duration({{microseconds: 1}}) "
            f"ELSE ahead + duration({{microseconds: 1}}) END"
        )
        twice = _counted_again(self._now, months)
        again = ""
        if twice:
            start, midnight = self._put(twice[0]), self._put(twice[1])
            again = f" WHEN {start} <= behind < {start} + duration({{days: 1}}) THEN {midnight}"
        return (
            f"head([behind IN [{shifted}] | head([ahead IN [behind + duration({{months: {self._put(months)}}})] | "
            f"CASE WHEN {reach} <= {at} < {never} THEN {ahead}{again} END])])"
        )


_RELATIVE = ("withinLast", "before", "withinNext")
_DAY = timedelta(days=1)


def _counted_again(now: datetime, months: int) -> tuple[datetime, datetime] | None:
    """When the next midnight lets a day that is over be reached again: that day's start, and the midnight.

    The 29th, 30th and 31st of March less one month are all the 28th of February.
    """
    month = now.year * 12 + now.month - 1 - months
    year, month = month // 12, month % 12 + 1
    last = calendar.monthrange(year, month)[1]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    if now.day < last or midnight.month != now.month:
        return None
    return datetime(year, month, last, tzinfo=UTC), midnight
