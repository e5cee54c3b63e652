"""When time alone may change whether a customer meets a condition: the earliest such moment, as Cypher.

The moment is a lower bound: nothing changes before it, and what changes is seen
by evaluating the condition again at that moment. Parts of a condition that
cannot be foreseen are told by `is_foreseen`. Source: docs/segments.md, rules 4, 6 and 10.
"""

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from graphcdp.model.histories import TIMES, AggregateTest, Measure, SequenceTest
from graphcdp.model.predicates import ANY_NAME, EventMatch, EventTest, Predicate, PropertyTest, Range
from graphcdp.model.times import months_and_span, reaching_back
from graphcdp.plan.where import TRAIT_PREFIX, event_condition, few_limits, time_in, when_time

_FIRST = datetime(1, 1, 1, tzinfo=UTC)
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""What lies behind it is not waited for."""

_EVENT_TIMES = """COLLECT {{
MATCH (c)<-[:IDENTIFIES]-(i) WHERE i.lastEventAt >= {since}
UNWIND COLLECT {{
  MATCH (e:Event) USING INDEX SEEK e:Event({index})
  WHERE e.subject = i.key AND {conditions}
  RETURN e.at ORDER BY {order} LIMIT {limit}
}} AS at
RETURN at ORDER BY at{direction} LIMIT {limit}
}}"""
"""The times of the newest or the oldest events, from there, at most `limit`; each identifier's in the index's order."""

_EXPIRY = """COLLECT {{
MATCH (c)<-[:IDENTIFIES]-(:Identifier)<-[:OF]-(k:Consent {{purpose: {purpose}}})
RETURN CASE WHEN k.granted AND k.expiresAt > {now} THEN k.expiresAt END AS ends
ORDER BY k.at DESC, k.granted, k.expiresAt LIMIT 1
}}[0]"""


@dataclass(frozen=True, slots=True)
class Moment:
    """An expression on `c` for a moment, as text, or null for none to come, with the values of its parameters.

    when: a condition on `should`, whether the customer meets the condition now; where it does not hold there is none
    to come, so that nobody need look for it.
    """

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    when: str = "true"


NO_MOMENT = Moment("null", {}, "false")
"""Of a condition that time does not change."""


def moment(predicate: Predicate, now: datetime, prefix: str = "moment") -> Moment | None:
    """The earliest moment after `now` at which time alone may change who meets the condition.

    None when there is none to come for anybody. Parts that cannot be foreseen are
    left out. prefix: as `condition`.
    """
    return _earliest(predicate, _Writer(now, prefix))


def moment_of_row(predicate: Predicate, now: datetime) -> Moment | None:
    """As `moment`, but the values are those of a map, the variable `rule`, which may be another one in each row."""
    return _earliest(predicate, _Writer(now, "moment", "rule."))


def _earliest(predicate: Predicate, writer: "_Writer") -> Moment | None:
    found = [text for node in _moved_by_time(predicate) for text in writer.moments(node) or ()]
    if not found:
        return None
    when = _WHEN[predicate.may_become(_moved_to)]
    if len(found) == 1:
        return Moment(found[0], writer.parameters, when)
    earliest = "reduce(first = null, at IN [{}] | CASE WHEN first IS NULL OR at < first THEN at ELSE first END)"
    return Moment(earliest.format(", ".join(found)), writer.parameters, when)


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


def _moved_to(predicate: Predicate) -> frozenset[bool]:
    """What time alone may make of a node without branches: true, false, both, or neither."""
    if not predicate.depends_on_time:
        return frozenset()
    if predicate.consented is not None:
        return _ENDS
    # What lies in a stretch of time that reaches back from now only drops out of it, but for months: see
    # `_counted_again`.
    for during in (predicate.first_seen, predicate.last_seen):
        if during is not None:
            return _BOTH if _has_months(during.within) else _ENDS
    if predicate.trait is not None and predicate.trait.is_.operator[0] == "before":
        return _BOTH if _has_months(predicate.trait.is_.operator[1]) else _BEGINS
    if predicate.did is not None and predicate.did.during is not None and not _is_relative(predicate.did.event):
        least, most = predicate.did.bounds
        if not _has_months(predicate.did.during.within):
            return _ENDS if most is None else _BEGINS if least == 0 else _BOTH
    return _BOTH


_ENDS, _BEGINS, _BOTH = frozenset((False,)), frozenset((True,)), frozenset((True, False))
_WHEN = {frozenset(): "false", _ENDS: "should", _BEGINS: "NOT should", _BOTH: "true"}


def _has_months(duration: str | None) -> bool:
    return duration is not None and months_and_span(duration)[0] > 0


def _is_relative(event: EventMatch) -> bool:
    """Whether time alone changes which events are meant."""
    return any(test.is_.operator[0] in _RELATIVE for test in event.where or ())


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
        if any(_is_relative(event) for event in node.events):
            return None
        if node.did is not None:
            return self._did(node.did)
        if node.did_in_order is not None:
            return self._did_in_order(node.did_in_order)
        if node.aggregate is not None:
            return self._aggregate(node.aggregate)
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
        times = self._times((test.event,), during.bounds(self._now), least if most is None else most + 1)
        # Time only lets events drop out. So the newest one but so many decides when there are too few, or no
        # longer too many.
        if most is None:
            at = f"times[{self._put(least - 1)}]"
        elif least == 0:
            at = f"times[{self._put(most)}]"
        else:
            enough = self._put(most)
            at = f"CASE WHEN size(times) > {enough} THEN times[{enough}] ELSE times[{self._put(least - 1)}] END"
        crossing = self._crossing("at", during.within)
        found = [f"head([times IN [{times}] | head([at IN [{at}] | {crossing}])])"]
        return found + self._again(test.event, during.within)

    def _again(self, event: EventMatch, within: str) -> list[str]:
        """When events that have dropped out of a window are in it again."""
        months, span = months_and_span(within)
        twice = months and _counted_again(self._now, months)
        if not twice:
            return []
        start, midnight = twice
        there = self._times((event,), (start - span, start + _DAY - span), 1)
        return [f"head([at IN {there} | {self._put(midnight)}])"]

    def _did_in_order(self, test: SequenceTest) -> list[str]:
        return self._dropping_out(test.events, test.during)

    def _aggregate(self, test: AggregateTest) -> list[str] | None:
        found = self._dropping_out((test.event,), test.during)
        operator, operand = test.is_.operator
        if test.measure in TIMES and operator in _RELATIVE:
            if operator == "withinNext":
                return None
            bounds = (None, None) if test.during is None else test.during.bounds(self._now)
            times = self._times((test.event,), bounds, 1, newest=test.measure is Measure.LAST_TIME)
            ahead = self._put(self._now)
            begins = (
                f"CASE WHEN at > {ahead} AND at < {self._put(NEVER)} THEN at ELSE {self._crossing('at', operand)} END"
            )
            found.append(f"head([at IN {times}[0..1] | {begins}])")
        return found

    def _dropping_out(self, events: Sequence[EventMatch], during: Range | None) -> list[str]:
        """When the oldest of the events leaves the window, or one comes into it again; whatever they come to."""
        if during is None or during.within is None:
            return []
        oldest = self._times(events, during.bounds(self._now), 1, newest=False)
        found = [f"head([at IN {oldest}[0..1] | {self._crossing('at', during.within)}])"]
        return found + [again for event in events for again in self._again(event, during.within)]

    def _times(
        self,
        events: Sequence[EventMatch],
        bounds: tuple[datetime | None, datetime | None],
        number: int,
        *,
        newest: bool = True,
    ) -> str:
        """The times of at least so many of the newest, or of the oldest, of these events; from that end."""
        since, until = bounds
        start = self._put(_FIRST if since is None else since)
        named = all(event.name != ANY_NAME for event in events)
        names: list[str] = []
        where: list[str] = []
        if len(events) == 1:
            names = [f"e.name = {self._put(events[0].name)}"] if named else []
            prefix = f"{self._prefix}_{len(self.parameters)}_where"
            tests = event_condition(events[0].where or (), self._now, prefix, self._holder)
            self.parameters |= tests.parameters
            where = [tests.text]
        elif named:
            # Which of several events one is, and what else must hold of it, only brings the moment later.
            names = [f"e.name IN {self._put(sorted({event.name for event in events}))}"]
        between = [f"e.at >= {start}"] + ([] if until is None else [f"e.at < {self._put(until)}"])
        direction = " DESC" if newest else ""
        # One identifier's in the order of the index, where the name is one; of several all are read.
        keys = ["e.subject", *(["e.name"] if named and len(events) == 1 else []), "e.at"]
        return _EVENT_TIMES.format(
            since=start,
            index="subject, name, at" if named else "subject, at",
            conditions=" AND ".join([*names, *between, *where]),
            order=", ".join(f"{key}{direction}" for key in keys),
            direction=direction,
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
